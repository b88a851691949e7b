import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { unfinishedIndex } from '../contracts/ledger-index.ts';
import { unfinishedShards } from '../ledger/unfinished.ts';
import type { UnfinishedMail } from './run.ts';

/** The index of unfinished mail. Its answers may be seconds old: what it names must be read from the table itself. */
export function unfinishedMail(client: DynamoDBClient, tableName: string): UnfinishedMail {
  const query = (shard: string, condition: string, values: Record<string, { N: string }>) => ({
    TableName: tableName,
    IndexName: unfinishedIndex.name,
    KeyConditionExpression: `${unfinishedIndex.partitionKey} = :shard${condition}`,
    ExpressionAttributeValues: { ':shard': { S: shard }, ...values },
  });

  return {
    async count() {
      let total = 0;
      for (const shard of unfinishedShards) {
        const input = { ...query(shard, '', {}), Select: 'COUNT' } as const;
        for await (const { Count = 0 } of paginateQuery({ client }, input)) total += Count;
      }
      return total;
    },
    async *dueBefore(time) {
      for (const shard of unfinishedShards) {
        const input = query(shard, ` AND ${unfinishedIndex.sortKey} < :time`, { ':time': { N: String(time) } });
        for await (const { Items = [] } of paginateQuery({ client }, input)) {
          for (const { key } of Items) if (key?.S !== undefined) yield key.S;
        }
      }
    },
  };
}
