import { createHash } from 'node:crypto';
import { bounceOwedSince, pendingDeadLetters } from './facts.ts';
import type { LedgerItem } from './item.ts';

const shards = [...'0123456789abcdef'];
const owing = (shard: string) => `owed-${shard}`;

/**
 * Partitions of the index: a wave of deferrals is written to all of them, and no single one throttles the ledger. What is
 * owed to the dead-letter queue stands apart and comes first: no wave of mail that waits hides it.
 */
export const unfinishedShards: readonly string[] = [...shards.map(owing), ...shards];

/**
 * Keeps the index of unfinished mail true: `openShard` and `dueAt` stand in an item only while somebody must come back to
 * it. DynamoDB leaves items without these attributes out of the index, so that a mail which is claimed, delivered and
 * settled costs nothing there. A claim leaves both as they are: whoever was in the index stays there while it is sent, and
 * no write of the index is needed for it.
 */
export function indexed(item: LedgerItem): LedgerItem {
  if (item.state === 'sending') return item;
  const { openShard: _, dueAt: __, ...rest } = item;
  const owed = owedSince(rest);
  const moments = [...owed, ...waitsUntil(rest)];
  if (moments.length === 0) return rest;
  const shard = shardOf(item.key);
  return { ...rest, openShard: owed.length === 0 ? shard : owing(shard), dueAt: Math.min(...moments) };
}

/** Since when something is owed to the dead-letter queue or to the mail's sender, ms since the epoch. */
function owedSince(item: LedgerItem): readonly number[] {
  const owed = pendingDeadLetters(item).map((id) => item.deadLetters[id]?.failedAt ?? item.changedAt);
  const orphaned = failedWithoutEntry(item).length === 0 ? [] : [item.changedAt];
  return [...owed, ...orphaned, bounceOwedSince(item)].filter((since) => since !== undefined);
}

/** By when somebody who is pending must have been looked at, ms since the epoch. */
function waitsUntil({ state, changedAt, nextAttemptAt = changedAt, mailExpiresAt }: LedgerItem): readonly number[] {
  if (state !== 'waiting') return [];
  return mailExpiresAt === undefined ? [nextAttemptAt] : [nextAttemptAt, mailExpiresAt];
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
