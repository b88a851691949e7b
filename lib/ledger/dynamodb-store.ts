import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import { type Clock, systemClock } from '../platform/clock.ts';
import { versionedTable } from '../platform/versioned-table.ts';
import type { LedgerItem, LedgerStore } from './item.ts';
import { ledgerItem } from './item-schema.ts';

/** Also a write that begins late gets a fair try. */
const shortestMs = 500;

/**
 * The ledger on DynamoDB: one item per key, written whole, only if the stored item is still the one that was read. A write
 * costs one request also when it fails: the failed condition returns what stands there.
 */
export function dynamoDbLedger(client: DynamoDBClient, tableName: string, clock: Clock = systemClock): LedgerStore {
  const table = versionedTable({
    client,
    tableName,
    key: 'key',
    version: 'writeId',
    parse: (attributes): LedgerItem => v.parse(ledgerItem, unmarshall(attributes)),
  });
  return {
    read: (key) => table.read(key),
    write: (next, expected, deadline) => {
      if (deadline === undefined) return table.write(next, expected);
      const abortSignal = AbortSignal.timeout(Math.max(shortestMs, deadline - clock.now()));
      return table.write(next, expected, { abortSignal });
    },
  };
}
