import type { MailFacts, WriteContext } from './facts.ts';
import type { LedgerItem } from './item.ts';
import { indexed } from './unfinished.ts';

const retentionSeconds = 35 * 24 * 3600;

/** The same item as a new write: fresh `writeId`, last change now, kept for another 35 days. */
export function stamped(item: LedgerItem, { now, newId }: WriteContext): LedgerItem {
  return indexed({ ...item, writeId: newId(), changedAt: now, ttl: Math.ceil(now / 1000) + retentionSeconds });
}

export function withoutLease({ lease: _, ...item }: LedgerItem): LedgerItem {
  return item;
}

/** The record of a mail that the ledger does not know: nobody tried yet. Not written by itself. */
export function newItem(facts: MailFacts, context: WriteContext): LedgerItem {
  return {
    key: facts.key,
    writeId: '',
    payloadHash: facts.payloadHash,
    state: 'waiting',
    recipients: {},
    attempts: 0,
    crashes: 0,
    firstSeenAt: facts.enqueuedAt,
    deadLetters: {},
    ...(facts.expiresAt === undefined ? {} : { mailExpiresAt: facts.expiresAt }),
    ...(facts.tags === undefined ? {} : { tags: facts.tags }),
    changedAt: context.now,
    ttl: 0,
  };
}
