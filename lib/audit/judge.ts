import type { AuditSettings } from '../contracts/audit-environment.ts';
import { bounceOwedSince, pendingDeadLetters } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { failedWithoutEntry } from '../ledger/unfinished.ts';

const judgedKinds = [
  'dead-letter-missing',
  'dead-letter-pending',
  'bounce-missing',
  'window-passed',
  'lease-ended',
  'uncertain-unresolved',
  'attempt-overdue',
] as const;
type JudgedKind = (typeof judgedKinds)[number];

/** What is wrong with a forgotten mail, the gravest first. */
export const findingKinds = ['unreadable', ...judgedKinds] as const;
export type FindingKind = (typeof findingKinds)[number];

export interface Finding {
  readonly kind: FindingKind;
  /** Idempotency key. */
  readonly key: string;
  /** Since when something should have happened, ms since the epoch. */
  readonly since: number;
  /** A recipient that is pending may have the mail: sent again, it may arrive twice. */
  readonly mayHaveIt: boolean;
  readonly lastRelay?: string;
  /** What the ledger says; absent when it cannot be read. */
  readonly state?: LedgerItem['state'];
  readonly attempts?: number;
  readonly crashes?: number;
  readonly firstSeenAt?: number;
}

/**
 * What is wrong with a mail at `now`, undefined: nothing. Each rule gives the moment from which on it holds; a mail is
 * forgotten when that is longer ago than the margin. The gravest kind that holds is the one that is told.
 */
export function judge(item: LedgerItem, now: number, settings: AuditSettings): Finding | undefined {
  const latest = now - settings.marginSeconds * 1000;
  for (const kind of judgedKinds) {
    const since = rules[kind](item, settings);
    if (since === undefined || since > latest) continue;
    const { key, state, attempts, crashes, firstSeenAt, lastRelay } = item;
    const mayHaveIt = (item.lease?.inFlight ?? []).length > 0 || isDoubtful(item);
    const found = { kind, key, since, mayHaveIt, state, attempts, crashes, firstSeenAt };
    return lastRelay === undefined ? found : { ...found, lastRelay };
  }
  return undefined;
}

type Rule = (item: LedgerItem, settings: AuditSettings) => number | undefined;

const rules: Readonly<Record<JudgedKind, Rule>> = {
  'dead-letter-missing': (item) => (failedWithoutEntry(item).length === 0 ? undefined : item.changedAt),
  'dead-letter-pending': (item) => {
    const owed = pendingDeadLetters(item).map((id) => item.deadLetters[id]?.failedAt ?? item.changedAt);
    return owed.length === 0 ? undefined : Math.min(...owed);
  },
  'bounce-missing': bounceOwedSince,
  'window-passed': (item, { maxAgeSeconds }) => {
    if (item.state === 'settled') return undefined;
    return Math.min(item.firstSeenAt + maxAgeSeconds * 1000, item.mailExpiresAt ?? Number.POSITIVE_INFINITY);
  },
  'lease-ended': ({ state, lease }) => (state === 'sending' ? lease?.endsAt : undefined),
  'uncertain-unresolved': (item) => (isDoubtful(item) ? dueAttempt(item) : undefined),
  'attempt-overdue': (item) => dueAttempt(item),
};

function dueAttempt({ state, nextAttemptAt, changedAt }: LedgerItem): number | undefined {
  return state === 'waiting' ? (nextAttemptAt ?? changedAt) : undefined;
}

/** Somebody who is still pending may have the mail, and its policy wants it sent once more. */
function isDoubtful({ recipients }: LedgerItem): boolean {
  return Object.values(recipients).some(
    ({ status, doubts = 0, crashes = 0 }) => status === 'pending' && doubts + crashes > 0,
  );
}
