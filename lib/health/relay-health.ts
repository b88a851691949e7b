import { hash } from 'node:crypto';
import type { RelaySettings } from '../contracts/sender-environment.ts';
import type { ObservationContext, RelayObservation, TrialCarrier } from '../delivery/ports.ts';
import { dueAt } from './breaker.ts';
import type { Standing } from './standing.ts';
import { Throttle } from './throttle.ts';
import { RelayTracker, type TrackerOptions } from './tracker.ts';

export interface RelayHealthOptions extends Omit<TrackerOptions, 'relay' | 'spreadMs' | 'trialSpreadMs'> {
  readonly relays: Readonly<Record<string, Pick<RelaySettings, 'maxSessions'>>>;
  /**
   * The version of the relay's credentials that is in use now; undefined when that cannot be had before `deadline` (ms
   * since the epoch). Asked only about relays that refused a login.
   */
  readonly currentVersion: (relay: string, deadline: number) => Promise<string | undefined>;
  /** How old the shared knowledge may be, in milliseconds. Default 5000. */
  readonly cacheMs?: number;
  /** Default 3000: within one second fifty environments overtake each other once the table takes 300 ms for an answer. */
  readonly spreadMs?: number;
  /** Default 5000. */
  readonly trialSpreadMs?: number;
}

/**
 * The health of every relay, as this environment and the fleet know it. Costs one read per `cacheMs` while mail flows, no
 * write while nothing changes, and at most one write per relay and invocation when something does, besides a trial's
 * lease. Nothing it returns ever rejects.
 */
export interface RelayHealth {
  /** Whether each relay may be given mail now. A relay that nothing is known of is available. */
  snapshot(): Promise<ReadonlyMap<string, Standing>>;
  /** Of a relay that is `due`: true for the one mail in the fleet that may try it. It must then try that relay first. */
  takeTrial(relay: string, carrier: TrialCarrier, early: boolean): Promise<boolean>;
  /** `versions`: credentials that were refused, when the observation is a refused login. */
  observe(relay: string, observation: RelayObservation, about: ObservationContext & Refused): void;
  /** Gives back a trial that this mail has taken and not spent, so that the next mail may try. */
  attemptEnded(mail: string): void;
  /** Sessions that this environment may use of the relay: fewer than configured while the relay throttles. */
  sessions(relay: string): number;
  /**
   * Reports what the invocation saw. Call once at its end; takes up to three seconds when a relay has just failed, and not
   * beyond `until` (ms since the epoch) but for the store's own time-outs.
   */
  flush(until: number): Promise<void>;
}

interface Refused {
  readonly versions?: readonly string[];
}

/** How long a mail waits to learn whether a secret has changed. */
const secretPatienceMs = 1000;
/** Kept for the write itself when time is short. */
const writeMs = 1000;

export function createRelayHealth(options: RelayHealthOptions): RelayHealth {
  const { relays, store, clock, cacheMs = 5000, spreadMs = 3000, trialSpreadMs = 5000, report } = options;
  const known = new Map(
    Object.entries(relays).map(([relay, { maxSessions }]) => [
      relay,
      {
        tracker: new RelayTracker({ ...options, relay, spreadMs, trialSpreadMs }),
        throttle: new Throttle({ ...options, relay, maxSessions }),
      },
    ]),
  );
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(since: number): Promise<void> {
    try {
      const items = await store.readAll([...known.keys()]);
      for (const [relay, item] of items) known.get(relay)?.tracker.learn(item, since);
    } catch (error) {
      report({ type: 'health-unavailable', error });
    }
    // Also after a failure: a table that is away is not asked by every mail.
    readAt = since;
  }

  async function refresh(): Promise<void> {
    const now = clock.now();
    if (Math.abs(now - readAt) < cacheMs) return;
    reading ??= read(now).finally(() => {
      reading = undefined;
    });
    await reading;
  }

  return {
    async snapshot() {
      await refresh();
      const standings = [...known].map(async ([relay, { tracker, throttle }]) => {
        const now = clock.now();
        const standing = throttle.limit(tracker.standing(now), now);
        const changed = standing.kind === 'out' && standing.why === 'open' && (await hasNewSecret(relay, tracker));
        return [relay, changed ? ({ kind: 'due', early: true } as const) : standing] as const;
      });
      return new Map(await Promise.all(standings));
    },
    takeTrial: async (relay, { mail, leaseEndsAt }, early) =>
      (await known.get(relay)?.tracker.takeTrial({ mail: hashed(mail), leaseEndsAt }, early)) ?? false,
    observe(relay, observation, { mail, versions = [] }) {
      const about = { at: clock.now(), versions: versions.map(secretVersion) };
      const { tracker, throttle } = known.get(relay) ?? {};
      tracker?.observe(observation, mail === undefined ? about : { ...about, mail: hashed(mail) });
      throttle?.observe(observation, about.at);
    },
    attemptEnded(mail) {
      for (const { tracker } of known.values()) tracker.attemptEnded(hashed(mail));
    },
    sessions: (relay) => known.get(relay)?.throttle.sessions ?? 1,
    async flush(until) {
      const spread = Math.min(spreadMs, Math.max(0, until - clock.now() - writeMs));
      await Promise.all([...known.values()].map(({ tracker }) => tracker.flush(spread)));
    },
  };

  async function hasNewSecret(relay: string, { breaker }: RelayTracker): Promise<boolean> {
    if (breaker.state !== 'open' || breaker.reason !== 'credentials' || breaker.refusedVersions.length === 0) {
      return false;
    }
    if (clock.now() < (dueAt(breaker, true) ?? 0)) return false;
    const version = await options.currentVersion(relay, clock.now() + secretPatienceMs);
    return version !== undefined && !breaker.refusedVersions.includes(secretVersion(version));
  }
}

/** Without the number of the OAuth 2.0 token: a new token of the same secret is no new secret. */
export function secretVersion(version: string): string {
  return version.split('.')[0] ?? version;
}

/** Keys may name people; the table needs only to tell mails apart. */
function hashed(mail: string): string {
  return hash('sha256', mail, 'hex').slice(0, 12);
}
