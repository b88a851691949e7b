import type { SenderSettings } from '../contracts/sender-environment.ts';
import { type Breaker, type ClosedBreaker, freshBreaker, type OpenBreaker, type TrialLease } from './item.ts';
import type { Seen } from './seen.ts';

export type BreakerSettings = SenderSettings['breaker'];

/** The two things that the machine takes from outside: the settings, and one random number in [0, 1) per change. */
export interface BreakerRules {
  readonly settings: BreakerSettings;
  readonly chance: number;
}

/** How a trial ended. `unspent`: the mail was not sent after all, or what came back says nothing about the relay. */
export interface EndedTrial {
  readonly owner: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly result: 'answered' | 'rejected' | 'failed' | 'unspent';
  /** The classification rule, when it failed. */
  readonly rule: string;
}

/** A refused login is not tried again for so long, unless the secret changes: repeated wrong passwords lock accounts. */
const refusedLoginMs = 30 * 60_000;
/** Two clocks that are 2 s off each, in opposite directions: nobody takes over a lease whose holder thinks it valid. */
const clockSkewMs = 4000;
/** Cool-downs are longer by up to this share, so that relays that failed together are not tried together. */
const jitterShare = 0.1;
/** Before the next trial when the last one told nothing, such as a throttled one; doubled with each one in a row. */
const afterUnspentMs = { first: 5000, most: 60_000 };

/**
 * Takes in what one environment saw. Returns the very same breaker when that changes nothing.
 *
 * Consecutive means: the shared streak goes on, unless this environment got an answer after the streak's last fault. The
 * two times come from different clocks; an error of seconds starts a streak anew, or lets it go on, once per environment.
 */
export function absorb(breaker: Breaker, seen: Seen, rules: BreakerRules): Breaker {
  if (breaker.state === 'closed') return absorbClosed(breaker, seen, rules);
  const { refusal } = seen;
  // Who holds the trial will meet the refusal itself.
  if (breaker.state === 'half-open' || refusal === undefined) return breaker;
  const known = breaker.reason === 'credentials' ? breaker.refusedVersions : [];
  const versions = [...new Set([...known, ...refusal.versions])];
  const nothingNew = breaker.reason === 'credentials' && versions.length === known.length;
  return nothingNew ? breaker : openedByRefusal({ ...refusal, versions }, rules);
}

function absorbClosed(breaker: ClosedBreaker, seen: Seen, rules: BreakerRules): Breaker {
  const { failureThreshold, messageRejectionThreshold, coolDownSeconds } = rules.settings;
  if (seen.refusal !== undefined && seen.refusal.at >= breaker.closedAt) return openedByRefusal(seen.refusal, rules);
  const newFaults = seen.faultAt >= breaker.closedAt ? seen.faults : 0;
  const faults = (seen.aliveAt > breaker.faultAt ? 0 : breaker.faults) + newFaults;
  const newRejections = seen.rejectedAt >= breaker.closedAt ? seen.rejections : [];
  const rejections = [
    ...new Set([...(seen.acceptedAt > breaker.rejectedAt ? [] : breaker.rejections), ...newRejections]),
  ];
  const coolDownMs = coolDownSeconds * 1000;
  if (newFaults > 0 && faults >= failureThreshold) {
    return opened({ reason: 'relay-faults', rule: seen.faultRule, openedAt: seen.faultAt, coolDownMs }, rules);
  }
  if (newRejections.length > 0 && rejections.length >= messageRejectionThreshold) {
    const why = { reason: 'message-rejections', rule: 'message, permanent', openedAt: seen.rejectedAt } as const;
    return opened({ ...why, coolDownMs, rejections: rejections.slice(-messageRejectionThreshold) }, rules);
  }
  const unchanged = newFaults === 0 && faults === breaker.faults && same(rejections, breaker.rejections);
  if (unchanged) return breaker;
  return {
    ...breaker,
    faults,
    faultAt: newFaults > 0 ? seen.faultAt : breaker.faultAt,
    rejections,
    rejectedAt: newRejections.length > 0 ? seen.rejectedAt : breaker.rejectedAt,
  };
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((mail, index) => mail === other[index]);
}

/** True when all that changed is that a streak of a healthy relay ended: worth a write, but not at once. */
export function isRelief(before: Breaker, after: Breaker): boolean {
  return (
    before.state === 'closed' &&
    after.state === 'closed' &&
    after.faults <= before.faults &&
    after.faultAt === before.faultAt &&
    after.rejections.length <= before.rejections.length &&
    after.rejectedAt === before.rejectedAt
  );
}

/** From then on a trial may be leased; undefined for a closed breaker. `early`: the secret has changed. */
export function dueAt(breaker: Breaker, early = false): number | undefined {
  if (breaker.state === 'closed') return undefined;
  if (breaker.state === 'half-open') return breaker.trial.endsAt + clockSkewMs;
  return early && breaker.reason === 'credentials' ? (breaker.notBefore ?? 0) : breaker.reopensAt;
}

/** Half-open with that lease, or undefined when it is not yet due, or not any more. `early`: the secret has changed. */
export function lease(breaker: Breaker, trial: TrialLease, early: boolean): Breaker | undefined {
  const due = dueAt(breaker, early);
  if (breaker.state === 'closed' || due === undefined || trial.startedAt < due) return undefined;
  return { ...breaker, state: 'half-open', trial };
}

/**
 * Takes in how a trial ended. Returns the very same breaker when others have found out more since it began. Without the
 * lease (it had ended meanwhile, or the store was away) it is evidence all the same.
 */
export function conclude(breaker: Breaker, trial: EndedTrial, rules: BreakerRules): Breaker {
  if (breaker.state === 'closed') return breaker;
  const mine = breaker.state === 'half-open' && breaker.trial.owner === trial.owner;
  if (!mine && trial.startedAt < breaker.openedAt) return breaker;
  const { coolDownSeconds, maxCoolDownSeconds, messageRejectionThreshold } = rules.settings;
  const { endedAt, rule } = trial;
  switch (trial.result) {
    case 'answered':
      return { ...freshBreaker, closedAt: endedAt };
    case 'rejected': {
      // The relay lives, but may still refuse everything: with this mail, the next other one opens it again.
      const kept = Math.max(0, messageRejectionThreshold - 2);
      const rejections = breaker.rejections.slice(0, kept);
      return { ...freshBreaker, closedAt: endedAt, rejections, rejectedAt: endedAt };
    }
    case 'failed': {
      const doubled = breaker.reason === 'credentials' ? coolDownSeconds : (breaker.coolDownMs / 1000) * 2;
      const coolDownMs = Math.min(doubled, maxCoolDownSeconds) * 1000;
      return opened({ reason: 'relay-faults', rule, openedAt: endedAt, coolDownMs }, rules);
    }
    case 'unspent': {
      if (!mine) return breaker;
      const { trial: _returned, unspentTrials = 0, ...rest } = breaker;
      const notBefore = endedAt + Math.min(afterUnspentMs.first * 2 ** unspentTrials, afterUnspentMs.most);
      const reopensAt = Math.max(breaker.reopensAt, notBefore);
      return { ...rest, state: 'open', reopensAt, notBefore, unspentTrials: unspentTrials + 1 };
    }
  }
}

function openedByRefusal(refusal: NonNullable<Seen['refusal']>, rules: BreakerRules): OpenBreaker {
  const { at, rule, versions } = refusal;
  const open = opened({ reason: 'credentials', rule, openedAt: at, coolDownMs: refusedLoginMs }, rules);
  return { ...open, reopensAt: at + refusedLoginMs, refusedVersions: versions };
}

function opened(
  why: Pick<OpenBreaker, 'reason' | 'rule' | 'openedAt' | 'coolDownMs'> & Partial<OpenBreaker>,
  { chance }: BreakerRules,
): OpenBreaker {
  const reopensAt = Math.ceil(why.openedAt + why.coolDownMs * (1 + jitterShare * chance));
  return { state: 'open', reopensAt, rejections: [], refusedVersions: [], ...why };
}
