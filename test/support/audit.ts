import type { UnfinishedMail } from '../../lib/audit/run.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';

/** What DynamoDB's index would hold of these items: those that have both of its attributes. */
export function indexOver(items: ReadonlyMap<string, LedgerItem>): UnfinishedMail {
  const held = () =>
    [...items.values()].filter(({ openShard, dueAt }) => openShard !== undefined && dueAt !== undefined);
  return {
    count: async () => held().length,
    async *dueBefore(time) {
      for (const { key, dueAt = time } of held()) if (dueAt < time) yield key;
    },
  };
}
