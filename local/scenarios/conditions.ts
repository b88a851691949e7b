import type { Arrival, End, Promised, View } from './scenario.ts';

/** Arrivals since a step, until another or until now. */
export function arrivals(view: View, since: string, until?: string): readonly Arrival[] {
  const from = view.times.get(since) ?? Number.POSITIVE_INFINITY;
  const to = (until === undefined ? undefined : view.times.get(until)) ?? Number.POSITIVE_INFINITY;
  return view.arrivals.filter(({ at }) => at >= from && at < to);
}

/** So many mails have arrived at the relay since the step. */
export function tookSince(view: View, relay: string, since: string, mails: number): boolean {
  return arrivals(view, since).filter((arrival) => arrival.relay === relay).length >= mails;
}

export function took(view: View, relay: string, mails: number): boolean {
  return view.arrivals.filter((arrival) => arrival.relay === relay).length >= mails;
}

/** Closed also when nobody wrote about the relay yet. */
export function isClosed(view: View, relay: string): boolean {
  return (view.health.get(relay)?.breaker.state ?? 'closed') === 'closed';
}

/** Nothing waits and nothing is under way. */
export function isIdle(view: View): boolean {
  return view.queued === 0 && view.arrivals.length >= view.published;
}

/** A relay's share of the arrivals between two steps. */
export function shareOf(view: View, relay: string, since: string, until: string): number {
  const all = arrivals(view, since, until);
  return all.filter((arrival) => arrival.relay === relay).length / all.length;
}

export const everyMailOnce: Promised = {
  says: 'every mail arrived, and none twice but for a counted doubt',
  holds: ({ fates, deadLetters }) =>
    deadLetters === 0 && fates.every(({ takenBy, doubts }) => takenBy.length >= 1 && takenBy.length <= 1 + doubts),
};

export const noAttemptCharged: Promised = {
  says: 'no mail was charged an attempt for what a relay did',
  holds: ({ fates }) => fates.every(({ attempts, doubts }) => attempts === 1 + doubts),
};

export const breakerClosed = (relay: string): Promised => ({
  says: `the breaker of ${relay} is closed`,
  holds: ({ view }) => isClosed(view, relay),
});

export const breakerNeverOpened: Promised = {
  says: 'no breaker ever opened',
  holds: ({ view }) => view.logged('relay.breaker-opened') === 0,
};

export const promise = (says: string, holds: (end: End) => boolean): Promised => ({ says, holds });
