import { createHash } from 'node:crypto';
import { pendingDeadLetters } from './facts.ts';
import type { LedgerItem } from './item.ts';

/** Partitions of the index: a wave of deferrals is written to all of them, and no single one throttles the ledger. */
export const unfinishedShards: readonly string[] = [...'0123456789abcdef'];

/**
 * Keeps the index of unfinished mail true: `openShard` and `dueAt` stand in an item only while somebody must come back to
 * it. DynamoDB leaves items without these attributes out of the index, so that a mail which is claimed, delivered and
 * settled costs nothing there. A claim leaves both as they are: whoever was in the index stays there while it is sent, and
 * no write of the index is needed for it.
 */
export function indexed(item: LedgerItem): LedgerItem {
  if (item.state === 'sending') return item;
  const { openShard: _, dueAt: __, ...rest } = item;
  const dueAt = dueMoment(rest);
  return dueAt === undefined ? rest : { ...rest, openShard: shardOf(item.key), dueAt };
}

/** By when the mail must have moved, ms since the epoch; undefined: it is finished. */
function dueMoment(item: LedgerItem): number | undefined {
  const owedSince = pendingDeadLetters(item).map((id) => item.deadLetters[id]?.failedAt ?? item.changedAt);
  if (failedWithoutEntry(item).length > 0) owedSince.push(item.changedAt);
  const { nextAttemptAt = item.changedAt, mailExpiresAt = nextAttemptAt } = item;
  const moments = item.state === 'waiting' ? [...owedSince, nextAttemptAt, mailExpiresAt] : owedSince;
  return moments.length === 0 ? undefined : Math.min(...moments);
}

/** Recipients that were given up although no dead-letter entry names them: nothing in the ledger's code leaves such. */
export function failedWithoutEntry({ recipients, deadLetters }: LedgerItem): readonly string[] {
  return Object.entries(recipients)
    .filter(([, { status, deadLetterId = '' }]) => status === 'failed' && !Object.hasOwn(deadLetters, deadLetterId))
    .map(([address]) => address);
}

function shardOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 1);
}
