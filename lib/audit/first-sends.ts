import { DescribeTableCommand, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { auditEveryMinutes } from '../contracts/audit-environment.ts';

/** What one audit reads of the table: 8,192 read units, eventually consistent, in seconds. */
const sliceBytes = 64 * 1024 * 1024;

interface Slice {
  readonly Segment: number;
  readonly TotalSegments: number;
}

/**
 * Keys of unfinished mail that the index cannot hold: a first send that was cut short is not in it until its message comes
 * back and is looked at. Reads the whole table, or a slice of it. First sends that are under way are among them.
 */
export async function* firstSends(client: DynamoDBClient, tableName: string, slice?: Slice): AsyncGenerator<string> {
  const input = {
    TableName: tableName,
    FilterExpression: 'attribute_not_exists(#dueAt) AND #state <> :settled',
    ProjectionExpression: '#key',
    ExpressionAttributeNames: { '#dueAt': 'dueAt', '#state': 'state', '#key': 'key' },
    ExpressionAttributeValues: { ':settled': { S: 'settled' } },
    ...slice,
  };
  for await (const { Items = [] } of paginateScan({ client }, input)) {
    for (const { key } of Items) if (key?.S !== undefined) yield key.S;
  }
}

/**
 * The same of one slice, another one at each audit: all of a small table, and a large one in as many audits as it has
 * slices. DynamoDB tells the size of a table some hours late, which is early enough.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
 */
export async function* firstSendsInTurn(
  client: DynamoDBClient,
  tableName: string,
  now: number,
): AsyncGenerator<string> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  const slices = Math.max(1, Math.ceil((Table?.TableSizeBytes ?? 0) / sliceBytes));
  const turn = Math.floor(now / (auditEveryMinutes * 60_000)) % slices;
  yield* firstSends(client, tableName, { Segment: turn, TotalSegments: slices });
}
