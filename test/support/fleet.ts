import type { RelayHealthEvent } from '../../lib/health/events.ts';
import type { RelayHealthStore } from '../../lib/health/item.ts';
import { createRelayHealth, type RelayHealth } from '../../lib/health/relay-health.ts';
import type { Random } from '../../lib/platform/clock.ts';
import { breakerSettings, observations } from './health.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface FleetOptions {
  readonly time: VirtualTime;
  readonly store: RelayHealthStore;
  readonly random: Random;
  readonly environments: number;
  /** Milliseconds by which clocks differ from the true time, at most, either way. */
  readonly skewMs?: number;
  readonly settings?: Partial<typeof breakerSettings>;
  /** Mails per invocation. */
  readonly batchSize?: number;
  /** Milliseconds of true time. */
  readonly until: number;
  readonly isAlive: (now: number) => boolean;
  /** How long an invocation might live after it took a trial, in milliseconds. */
  readonly leaseMs?: number;
  /** True: the environment dies in the middle of a trial, without a word. */
  readonly diesInTrial?: () => boolean;
}

/** One mail that was handed to the relay, in true time. `endedAt` is absent when its environment died. */
export interface Try {
  readonly environment: number;
  readonly trial: boolean;
  readonly startedAt: number;
  endedAt?: number;
  answered?: boolean;
}

export interface FleetLog {
  readonly tries: Try[];
  readonly events: (RelayHealthEvent & { readonly at: number; readonly environment: number })[];
}

const relay = 'only';
/** Hardly longer than the longest send, so that a lease that is taken over too early shows. */
const shortLeaseMs = 1500;

/** Environments that send to one relay, batch after batch, each with its own view of the relay's health. */
export async function runFleet(options: FleetOptions): Promise<FleetLog> {
  const { time, random, environments, skewMs = 0, store, settings } = options;
  const log: FleetLog = { tries: [], events: [] };
  let ids = 0;
  const actors = Array.from({ length: environments }, (_, environment) => {
    const clock = time.skewed((2 * random() - 1) * skewMs);
    const health = createRelayHealth({
      relays: { [relay]: { maxSessions: 5 } },
      store,
      settings: { ...breakerSettings, ...settings },
      clock,
      random,
      newId: () => `id-${++ids}`,
      pause: time.pause,
      currentVersion: async () => undefined,
      report: (event) => log.events.push({ ...event, at: time.now(), environment }),
    });
    return work(environment, health, () => clock.now(), options, log);
  });
  await time.run(actors);
  return log;
}

async function work(
  environment: number,
  health: RelayHealth,
  now: () => number,
  options: FleetOptions,
  log: FleetLog,
): Promise<void> {
  const { time, random, until, batchSize = 3 } = options;
  for (let invocation = 0; time.now() < until; invocation += 1) {
    const mails = Array.from({ length: batchSize }, (_, index) => `${environment}/${invocation}/${index}`);
    const ends = await Promise.all(mails.map((mail) => send(mail, environment, health, now, options, log)));
    if (ends.includes('died')) return;
    await health.flush(now() + 10_000);
    await time.pause(100 + random() * 900);
  }
}

async function send(
  mail: string,
  environment: number,
  health: RelayHealth,
  now: () => number,
  { time, random, isAlive, leaseMs = shortLeaseMs, diesInTrial = () => false }: FleetOptions,
  log: FleetLog,
): Promise<'died' | 'done'> {
  const standing = (await health.snapshot()).get(relay);
  const trial =
    standing?.kind === 'due' && (await health.takeTrial(relay, { mail, leaseEndsAt: now() + leaseMs }, standing.early));
  if (!trial && standing?.kind !== 'available') return 'done';
  const one: Try = { environment, trial, startedAt: time.now() };
  log.tries.push(one);
  await time.pause(5 + random() * 1000);
  if (trial && diesInTrial()) return 'died';
  one.answered = isAlive(time.now());
  one.endedAt = time.now();
  health.observe(relay, one.answered ? observations.accepted : observations.fault, { mail });
  health.attemptEnded(mail);
  return 'done';
}
