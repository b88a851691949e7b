import { describe, expect, it } from 'vitest';
import type { ProbeEvent } from '../../../lib/probe/events.ts';
import { type RunPorts, runProbes } from '../../../lib/probe/run.ts';
import type { Credentials } from '../../../lib/relays/credentials.ts';
import { breakerSettings, memoryHealthStore } from '../../support/health.ts';
import { memoryRuns } from '../../support/memory-runs.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { itemOf, reportOf, settings } from './probe-factory.ts';

const runMs = 59_000;

/** A stage on virtual time. Relays have no credentials: what is of interest is when they are asked for them. */
function stage(relays: readonly string[], stallMs: Readonly<Record<string, number>> = {}) {
  const time = virtualTime(1_800_000_000_000);
  const begin = time.now();
  const probes: Record<string, number[]> = Object.fromEntries(relays.map((relay) => [relay, []]));
  const deadlines: number[] = [];
  const events: ProbeEvent[] = [];
  const store = memoryHealthStore();
  const runs = memoryRuns();
  let ids = 0;
  const credentials: Credentials = {
    async get(relay, deadline) {
      deadlines.push((deadline - begin) / 1000);
      probes[relay]?.push((time.now() - begin) / 1000);
      await time.pause(stallMs[relay] ?? 10);
      const failure = { phase: 'credentials', reused: false, error: { kind: 'unavailable', message: 'none' } } as const;
      return { ok: false, unconfigured: true, failure };
    },
    refused: async () => 'same',
  };
  const ports: RunPorts = {
    relays,
    store,
    runs,
    mapping: { uuid: 'm', state: async () => 'Enabled', setEnabled: async () => {} },
    credentials,
    settings,
    breaker: breakerSettings,
    clock: time,
    random: () => 0,
    newId: () => {
      ids += 1;
      return String(ids);
    },
    pause: time.pause,
    report: (event) => events.push(event),
  };
  return {
    time,
    begin,
    probes,
    deadlines,
    events,
    store,
    runs,
    run: (timeoutMs = runMs) => runProbes(time.now() + timeoutMs, ports),
  };
}

describe('a run of the probe function', () => {
  it('probes every relay at its interval, and the next run goes on where it ended', async () => {
    const { time, begin, probes, run } = stage(['a', 'b']);
    await time.run([run()]);
    expect(probes).toEqual({ a: [0, 15, 30, 45], b: [0, 15, 30, 45] });
    expect(time.now() - begin).toBeLessThan(runMs);
    await time.run([time.pause(begin + 58_000 - time.now()).then(() => run())]);
    expect(probes['a']).toEqual([0, 15, 30, 45, 60, 75, 90, 105]);
  });

  it('bounds each probe by its time-out, and by the end of the run', async () => {
    const { time, deadlines, run } = stage(['a']);
    await time.run([run(56_000)]);
    expect(deadlines).toEqual([10, 25, 40, 53]);
  });

  it('soon asks a relay again that answers after an outage, and one that does not at the usual interval', async () => {
    const { time, begin, probes, store, run } = stage(['back', 'gone']);
    const outage = reportOf({ status: 'offline', factor: 0, cause: 'unreachable', at: begin - 1000 });
    store.items.set('back', itemOf({ relay: 'back', probe: { ...outage, recent: ['failed', 'failed', 'fast'] } }));
    store.items.set('gone', itemOf({ relay: 'gone', probe: { ...outage, recent: ['failed', 'failed', 'failed'] } }));
    await time.run([run()]);
    expect([probes['back']?.[0], probes['gone']?.[0]]).toEqual([2, 14]);
  });

  it('is not held up by a report from the future', async () => {
    const { time, begin, probes, store, run } = stage(['a']);
    store.items.set('a', itemOf({ relay: 'a', probe: reportOf({ at: begin + 3_600_000 }) }));
    await time.run([run()]);
    expect(probes['a']?.[0]).toBe(15);
  });

  it('lets no relay wait for one that stalls', async () => {
    const { time, probes, run } = stage(['quick', 'stalled'], { stalled: 9_900 });
    await time.run([run()]);
    expect(probes).toEqual({ quick: [0, 15, 30, 45], stalled: [0, 15, 30, 45] });
  });

  it('begins no probe that would have less than half its time before the deadline', async () => {
    const { time, probes, run } = stage(['a']);
    await time.run([run(15_000 + 5_000 + 3_000)]);
    expect(probes['a']).toEqual([0, 15]);
    const shorter = stage(['a']);
    await shorter.time.run([shorter.run(15_000 + 5_000 + 2_999)]);
    expect(shorter.probes['a']).toEqual([0]);
  });

  it('does nothing while another one is at work', async () => {
    const { time, probes, run } = stage(['a']);
    const results: string[] = [];
    const both = [run(), time.pause(5_000).then(() => run())].map((running) =>
      running.then((result) => results.push(result)),
    );
    await time.run(both);
    expect(results.sort()).toEqual(['done', 'elsewhere']);
    expect(probes['a']).toEqual([0, 15, 30, 45]);
  });

  it('waits for the end of the lease that a dead one left behind', async () => {
    const { time, begin, probes, runs, run } = stage(['a']);
    await runs.take('dead', begin - 60_000, begin + 3_000);
    await time.run([run()]);
    expect(probes['a']?.[0]).toBeCloseTo(3, 1);
  });

  it('looks at the intake at its start, after each probe, and at its end', async () => {
    const { time, events, run } = stage(['a']);
    await time.run([run()]);
    expect(events.filter(({ type }) => type === 'intake-looked-at')).toHaveLength(1 + 4 + 1);
  });

  it('goes on when the health table is away for a while', async () => {
    const { time, events, store, run } = stage(['a']);
    const outage = async () => {
      await time.pause(10_000);
      store.outage = new Error('away');
      await time.pause(10_000);
      store.outage = undefined;
    };
    await time.run([run(), outage()]);
    expect(events).toContainEqual({ type: 'probe-failed', relay: 'a', error: expect.any(Error) });
    expect(store.items.get('a')?.probe?.cause).toBe('unconfigured');
  });

  it('leaves a free lease behind', async () => {
    const { time, runs, run } = stage(['a']);
    await time.run([run()]);
    expect(runs.item()?.endsAt).toBe(0);
  });
});
