import type { DeadLetterReason } from '../contracts/dead-letter.ts';
import { forgiven } from './building.ts';
import { type MailFacts, pendingRecipients, type RecipientOutcomes, type WriteContext } from './facts.ts';
import type { Lease, LedgerItem } from './item.ts';
import { recordOutcomes } from './record.ts';
import { stamped, withoutLease } from './stamp.ts';

/** Takes the lease: from now until it ends, nobody else sends this mail. */
export function claim(item: LedgerItem, lease: Lease, context: WriteContext): LedgerItem {
  const { nextAttemptAt: _, ...rest } = forgiven(item);
  return stamped({ ...rest, state: 'sending', lease, lastRelay: lease.relay }, context);
}

/** Between two transactions of one attempt: what is known so far, and which recipients go to which relay next. */
export function advance(
  item: LedgerItem,
  outcomes: RecipientOutcomes,
  next: Pick<Lease, 'relay' | 'inFlight'>,
  context: WriteContext,
): LedgerItem {
  const recorded = recordOutcomes(item, outcomes, context);
  if (recorded.lease === undefined) return stamped(recorded, context);
  return stamped({ ...recorded, lease: { ...recorded.lease, ...next }, lastRelay: next.relay }, context);
}

export interface Settlement {
  readonly outcomes: RecipientOutcomes;
  /** True when a relay answered about the mail, or its answer is in doubt. */
  readonly charged: boolean;
  /** When the recipients that stay pending are tried again. */
  readonly nextAttemptAt: number;
  /** The relay that asked to be tried again, or whose answer is in doubt: it goes first. */
  readonly stayOn?: string;
}

/** Ends an attempt: outcomes recorded, lease gone. */
export function settle(item: LedgerItem, facts: MailFacts, settlement: Settlement, context: WriteContext): LedgerItem {
  const recorded = withoutLease(recordOutcomes(item, settlement.outcomes, context));
  const { stayOnRelay: _, nextAttemptAt: __, ...rest } = recorded;
  const attempts = rest.attempts + (settlement.charged ? 1 : 0);
  if (pendingRecipients(recorded, facts.recipients).length === 0) {
    return stamped({ ...rest, attempts, state: 'settled' }, context);
  }
  const { stayOn } = settlement;
  const affinity = stayOn === undefined ? {} : { stayOnRelay: true, lastRelay: stayOn };
  return stamped(
    {
      ...rest,
      ...affinity,
      attempts,
      state: 'waiting',
      nextAttemptAt: settlement.nextAttemptAt,
      delayedAt: rest.delayedAt ?? context.now,
    },
    context,
  );
}

/** Gives up every pending recipient for a reason that no relay gave: expired, exhausted, no attachment, poison. */
export function failPending(
  item: LedgerItem,
  facts: MailFacts,
  failure: { readonly reason: DeadLetterReason; readonly message: string },
  context: WriteContext,
): LedgerItem {
  const outcomes: RecipientOutcomes = new Map(
    pendingRecipients(item, facts.recipients).map((address) => [address, { status: 'failed', reason: failure.reason }]),
  );
  const { nextAttemptAt: _, ...recorded } = withoutLease(recordOutcomes(item, outcomes, context, failure.message));
  return stamped({ ...recorded, state: 'settled' }, context);
}

/**
 * An owner that lost its lease learnt late that recipients were accepted. Accepted is final: whoever holds the item now
 * must not send to them again, and an entry for the dead-letter queue that names nobody any more is not owed.
 */
export function lateAccepted(
  item: LedgerItem,
  facts: MailFacts,
  outcomes: RecipientOutcomes,
  context: WriteContext,
): LedgerItem {
  const accepted: RecipientOutcomes = new Map([...outcomes].filter(([, outcome]) => outcome.status === 'accepted'));
  const recorded = recordOutcomes(item, accepted, context);
  const named = new Set(Object.values(recorded.recipients).map(({ deadLetterId }) => deadLetterId));
  const deadLetters = Object.fromEntries(
    Object.entries(recorded.deadLetters).filter(([id, { pending }]) => !pending || named.has(id)),
  );
  const merged = { ...recorded, deadLetters };
  if (merged.state !== 'waiting' || pendingRecipients(merged, facts.recipients).length > 0) {
    return stamped(merged, context);
  }
  const { nextAttemptAt: _, ...done } = merged;
  return stamped({ ...done, state: 'settled' }, context);
}
