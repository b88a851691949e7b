import { crashed } from './crashes.ts';
import { reopened } from './dead-letters.ts';
import { bounceOwedSince, type MailFacts, pendingDeadLetters, pendingRecipients, type WriteContext } from './facts.ts';
import type { LedgerItem } from './item.ts';
import { newItem } from './stamp.ts';

/** What a received message finds in the ledger, and so what may be done with it. */
export type Opening =
  /** Same key, other content. */
  | { readonly kind: 'conflict' }
  /** Nothing is left to do: the mail's fate is settled and recorded. */
  | { readonly kind: 'duplicate' }
  /** Not now: another copy is being sent, or the next attempt is not due. Nothing is charged. */
  | { readonly kind: 'wait'; readonly until: number; readonly why: 'in-flight' | 'early' }
  /**
   * `item` is how the ledger must stand for the work to go on; it is not written yet when it differs from what is stored.
   * Dead letters that are pending come first, then the pending recipients; nobody is pending when only a bounce is owed.
   */
  | {
      readonly kind: 'proceed';
      readonly item: LedgerItem;
      readonly crashed: boolean;
      readonly reopened: boolean;
    };

/** SQS counts visibility in whole seconds; a message that is this early is on time. */
const earlyToleranceMs = 1000;

/**
 * Judges a received mail against the stored item. Any copy of a mail that is not settled carries it on when the next
 * attempt is due, so that no single SQS message is the only one that can.
 */
export function open(stored: LedgerItem | undefined, facts: MailFacts, context: WriteContext): Opening {
  const { now } = context;
  if (stored === undefined || stored.ttl * 1000 <= now) {
    return { kind: 'proceed', item: newItem(facts, context), crashed: false, reopened: false };
  }
  if (stored.payloadHash !== facts.payloadHash) return { kind: 'conflict' };
  if (stored.lease !== undefined && stored.lease.endsAt > now) {
    return { kind: 'wait', until: stored.lease.endsAt, why: 'in-flight' };
  }
  const wasCrash = stored.state === 'sending';
  const standing = wasCrash ? crashed(stored, facts, context) : stored;
  const { deadLetterId } = facts;
  if (deadLetterId !== undefined && Object.hasOwn(standing.deadLetters, deadLetterId)) {
    const item = reopened(standing, deadLetterId, facts, context);
    return { kind: 'proceed', item, crashed: wasCrash, reopened: true };
  }
  if (pendingDeadLetters(standing).length > 0) {
    return { kind: 'proceed', item: standing, crashed: wasCrash, reopened: false };
  }
  if (pendingRecipients(standing, facts.recipients).length === 0) {
    if (bounceOwedSince(standing) === undefined) return { kind: 'duplicate' };
    return { kind: 'proceed', item: standing, crashed: wasCrash, reopened: false };
  }
  const dueAt = Math.min(standing.nextAttemptAt ?? now, standing.mailExpiresAt ?? Number.POSITIVE_INFINITY);
  if (dueAt > now + earlyToleranceMs) return { kind: 'wait', until: dueAt, why: 'early' };
  return { kind: 'proceed', item: standing, crashed: wasCrash, reopened: false };
}
