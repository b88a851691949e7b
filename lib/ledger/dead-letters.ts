import { type MailFacts, pendingRecipients, type WriteContext } from './facts.ts';
import type { LedgerItem, RecipientRecord } from './item.ts';
import { stamped } from './stamp.ts';

/**
 * The entries were written to the dead-letter queue, and the mail's sender was told of the failures in `told` (or must not
 * be). An entry that was written although nobody could be told leaves the bounce owed: the mail is not finished.
 */
export function deadLettersWritten(
  item: LedgerItem,
  written: readonly string[],
  context: WriteContext,
  told: readonly string[] = written,
): LedgerItem {
  const deadLetters = Object.entries(item.deadLetters).map(([id, record]) => {
    const { senderTold = false, bounceOwedSince = context.now, ...rest } = record;
    const pending = record.pending && !written.includes(id);
    const untold = record.pending ? !senderTold : record.bounceOwedSince !== undefined;
    if (untold && !told.includes(id)) return [id, pending ? record : { ...rest, pending, bounceOwedSince }];
    return [id, { ...rest, pending, ...(pending ? { senderTold: true } : {}) }];
  });
  return stamped({ ...item, deadLetters: Object.fromEntries(deadLetters) }, context);
}

/** A redriven entry came back: exactly its recipients become pending again, with fresh attempts and age. */
export function reopened(item: LedgerItem, deadLetterId: string, facts: MailFacts, context: WriteContext): LedgerItem {
  const { [deadLetterId]: _, ...deadLetters } = item.deadLetters;
  const recipients = Object.fromEntries(
    Object.entries(item.recipients).flatMap(([address, record]) => {
      const inEntry = record.status === 'failed' && record.deadLetterId === deadLetterId;
      return inEntry ? history(address, record, context.now) : [[address, record]];
    }),
  );
  const {
    mailExpiresAt: __,
    stayOnRelay: ___,
    delayNoticeAt: ____,
    nextAttemptAt: _____,
    delayedAt: ______,
    waits: _______,
    buildCrashes: ________,
    ...rest
  } = item;
  const fresh: LedgerItem = {
    ...rest,
    ...(facts.expiresAt === undefined ? {} : { mailExpiresAt: facts.expiresAt }),
    recipients,
    deadLetters,
    attempts: 0,
    crashes: 0,
    firstSeenAt: context.now,
  };
  // Nobody is left in the entry when its recipients turned out to have the mail after all.
  const empty = pendingRecipients(fresh, facts.recipients).length === 0;
  return stamped(
    empty ? { ...fresh, state: 'settled' } : { ...fresh, state: 'waiting', nextAttemptAt: context.now },
    context,
  );
}

/** What a redrive must not forget: sends after which the recipient may have the mail. */
function history(address: string, { doubts, crashes }: RecipientRecord, at: number): [string, RecipientRecord][] {
  if (doubts === undefined && crashes === undefined) return [];
  const kept = { ...(doubts === undefined ? {} : { doubts }), ...(crashes === undefined ? {} : { crashes }) };
  return [[address, { status: 'pending', at, ...kept }]];
}
