import { afterEach, describe, expect, it } from 'vitest';
import { dynamoDbRelayHealth } from '../../../lib/health/health-store.ts';
import { type FleetOptions, runFleet } from '../../support/fleet.ts';
import { healthTable } from '../../support/health-table.ts';
import { seeded } from '../../support/random.ts';
import { virtualTime } from '../../support/virtual-time.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

const seconds = 1000;

/** Fifty environments, all of them busy from the same moment on, and a relay that is down until `upAt` seconds. */
async function fiftyWithDeadRelay(
  upAt: number,
  untilSecond: number,
  batchSize: number,
  { tableMs = 0, ...others }: Pick<FleetOptions, 'leaseMs' | 'diesInTrial'> & { readonly tableMs?: number } = {},
) {
  const time = virtualTime();
  const start = time.now();
  const table = await healthTable();
  cleanUps.push(table.close);
  const writes: number[] = [];
  table.onRequest((action) => {
    if (action === 'PutItem' || action === 'UpdateItem') writes.push((time.now() - start) / seconds);
  });
  const real = dynamoDbRelayHealth({ ...table, patienceMs: 60 * seconds, onUnreadable: () => {} });
  const latency = seeded(11);
  /** The way to the table and back takes that long, give or take a half. */
  const slowly = async <T>(request: () => Promise<T>): Promise<T> => {
    if (tableMs === 0) return time.outside(request());
    await time.pause((tableMs / 2) * (0.5 + latency()));
    const answer = await time.outside(request());
    await time.pause((tableMs / 2) * (0.5 + latency()));
    return answer;
  };
  const log = await runFleet({
    time,
    random: seeded(7),
    environments: 50,
    batchSize,
    skewMs: 2 * seconds,
    store: {
      readAll: (relays) => slowly(() => real.readAll(relays)),
      read: (relay) => slowly(() => real.read(relay)),
      write: (next, expected) => slowly(() => real.write(next, expected)),
    },
    settings: { coolDownSeconds: 30, maxCoolDownSeconds: 60 },
    until: start + untilSecond * seconds,
    isAlive: (now) => now >= start + upAt * seconds,
    ...others,
  });
  const since = (at: number) => (at - start) / seconds;
  return { log, writes, since };
}

const perSecond = (times: readonly number[]) =>
  Math.max(0, ...Array.from(Map.groupBy(times, Math.floor).values(), (group) => group.length));

describe('fifty environments on real conditional writes', () => {
  it('try a dead relay once per cool-down, with few writes', async () => {
    const { log, writes, since } = await fiftyWithDeadRelay(Number.POSITIVE_INFINITY, 130, 3);

    const opened = log.events.filter(({ type }) => type === 'breaker-opened').map(({ at }) => since(at));
    const trials = log.tries.filter(({ trial }) => trial).map(({ startedAt }) => since(startedAt));
    const others = log.tries.filter(({ trial }) => !trial).map(({ startedAt }) => since(startedAt));

    // After 30 s and after 60 s more: each opening but the last is followed by exactly one trial, each trial by an opening.
    expect(trials).toHaveLength(2);
    expect(opened).toHaveLength(3);
    for (const [index, at] of trials.entries()) {
      expect(at).toBeGreaterThan(opened[index] ?? Number.NaN);
      expect(at).toBeLessThan(opened[index + 1] ?? Number.NaN);
    }
    expect(opened[0]).toBeLessThan(3);
    expect(Math.max(...others)).toBeLessThan(8);
    expect(perSecond(writes)).toBeLessThan(20);
    expect(writes.length).toBeLessThan(30);
  }, 120_000);

  it('notice a dead relay together when each of them sends little', async () => {
    const { log, writes, since } = await fiftyWithDeadRelay(Number.POSITIVE_INFINITY, 12, 1);

    const opened = log.events.filter(({ type }) => type === 'breaker-opened').map(({ at }) => since(at));
    expect(opened).toHaveLength(1);
    expect(opened[0]).toBeLessThan(3);
    expect(perSecond(writes)).toBeLessThan(20);
  }, 120_000);

  it('notice it with few writes also when each of them takes long', async () => {
    const { writes } = await fiftyWithDeadRelay(Number.POSITIVE_INFINITY, 12, 1, { tableMs: 300 });

    expect(writes.length).toBeGreaterThan(2);
    expect(perSecond(writes)).toBeLessThan(20);
  }, 120_000);

  it('all send again within seconds of the trial that finds it well', async () => {
    const { log, writes, since } = await fiftyWithDeadRelay(20, 50, 1);

    const closed = log.events.filter(({ type }) => type === 'breaker-closed').map(({ at }) => since(at));
    expect(closed).toHaveLength(1);
    expect(closed[0]).toBeLessThan(42);
    const sending = new Set(
      log.tries.filter(({ startedAt }) => since(startedAt) > 45).map(({ environment }) => environment),
    );
    expect(sending.size).toBe(50);
    expect(perSecond(writes)).toBeLessThan(20);
  }, 120_000);

  it('wait little more than a minute for the trial of an environment that died, of the 190 s that it might have lived', async () => {
    let deaths = 0;
    const diesInTrial = () => {
      deaths += 1;
      return deaths === 1;
    };
    const { log, since } = await fiftyWithDeadRelay(20, 115, 1, { leaseMs: 190 * seconds, diesInTrial });

    const trials = log.tries.filter(({ trial }) => trial).map(({ startedAt }) => since(startedAt));
    const closed = log.events.filter(({ type }) => type === 'breaker-closed').map(({ at }) => since(at));
    expect(trials).toHaveLength(2);
    expect(closed).toHaveLength(1);
    // The lease of a minute, 4 s for clocks that differ, 2 s as they do, and 5 s in which environments ask in turn.
    expect((closed[0] ?? Number.NaN) - (trials[0] ?? Number.NaN)).toBeLessThan(73);
  }, 120_000);
});
