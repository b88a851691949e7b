import * as v from 'valibot';
import type { AuditPorts } from '../../lib/audit/run.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import { ledgerItem } from '../../lib/ledger/item-schema.ts';
import { unfinishedShards } from '../../lib/ledger/unfinished.ts';

type Ledger = ReadonlyMap<string, LedgerItem>;

/** What DynamoDB gives of these items: of its index those that have both of its attributes, of a scan the others. */
export function ledgerPorts(items: Ledger): Pick<AuditPorts, 'unfinished' | 'firstSends' | 'ledger'> {
  return {
    unfinished: {
      count: async () => indexOf(items).length,
      async *dueBefore(time) {
        for (const { key, dueAt } of indexOf(items)) if (dueAt < time) yield key;
      },
    },
    async *firstSends() {
      for (const { key, state, dueAt } of items.values()) if (dueAt === undefined && state !== 'settled') yield key;
    },
    ledger: {
      read: async (key) => {
        const item = items.get(key);
        return item === undefined ? undefined : v.parse(ledgerItem, item);
      },
    },
  };
}

/** In the order in which the audit asks for it. */
function indexOf(items: Ledger) {
  return [...items.values()]
    .flatMap(({ key, openShard, dueAt }) => {
      if (openShard === undefined || dueAt === undefined) return [];
      return [{ key, dueAt, shard: unfinishedShards.indexOf(openShard) }];
    })
    .toSorted((one, other) => one.shard - other.shard || one.dueAt - other.dueAt);
}
