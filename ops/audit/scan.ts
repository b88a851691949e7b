import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { UnfinishedMail } from '../../lib/audit/run.ts';

/**
 * The index of unfinished mail, and after it what the index cannot hold: a first send that was cut short is not in it until
 * its message comes back and is looked at. Reads the whole table.
 */
export function deepSearch(client: DynamoDBClient, tableName: string, index: UnfinishedMail): UnfinishedMail {
  return {
    count: index.count,
    async *dueBefore(time) {
      yield* index.dueBefore(time);
      const input = {
        TableName: tableName,
        FilterExpression: 'attribute_not_exists(#dueAt) AND #state <> :settled',
        ProjectionExpression: '#key',
        ExpressionAttributeNames: { '#dueAt': 'dueAt', '#state': 'state', '#key': 'key' },
        ExpressionAttributeValues: { ':settled': { S: 'settled' } },
      };
      for await (const { Items = [] } of paginateScan({ client }, input)) {
        for (const { key } of Items) if (key?.S !== undefined) yield key.S;
      }
    },
  };
}
