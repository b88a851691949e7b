import { crashed } from './crashes.ts';
import { deadLettersWritten } from './dead-letters.ts';
import { type MailFacts, pendingDeadLetters, type WriteContext } from './facts.ts';
import type { LedgerItem } from './item.ts';
import { failPending } from './transitions.ts';
import { failedWithoutEntry } from './unfinished.ts';

/**
 * A person has looked into a forgotten mail and ends it: whoever is pending is given up, and nothing is owed to the
 * dead-letter queue any more. Only the recipients that the ledger knows are given up: others were never tried.
 */
export function closed(item: LedgerItem, message: string, context: WriteContext): LedgerItem {
  const orphans = failedWithoutEntry(item);
  const known = Object.entries(item.recipients).map(
    ([address, record]) =>
      [address, orphans.includes(address) ? { ...record, status: 'pending' as const } : record] as const,
  );
  const recipients = [...new Set([...Object.keys(item.recipients), ...(item.lease?.inFlight ?? [])])];
  const { key, payloadHash, firstSeenAt } = item;
  const facts: MailFacts = { key, payloadHash, recipients, onUncertain: 'resend', enqueuedAt: firstSeenAt };
  const seen = crashed({ ...item, recipients: Object.fromEntries(known) }, facts, context);
  const ended = failPending(seen, facts, { reason: 'retry-exhausted', message }, context);
  const unwritten = pendingDeadLetters(ended);
  const paid = deadLettersWritten(ended, Object.keys(ended.deadLetters), context);
  const deadLetters = Object.entries(paid.deadLetters).map(
    ([id, record]) => [id, unwritten.includes(id) ? { ...record, neverWritten: true } : record] as const,
  );
  return { ...paid, deadLetters: Object.fromEntries(deadLetters) };
}
