import {
  type AttributeValue,
  type ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import { type Clock, systemClock } from '../platform/clock.ts';
import type { LedgerItem, LedgerStore, LedgerWrite } from './item.ts';
import { ledgerItem } from './item-schema.ts';

/** Also a write that begins late gets a fair try. */
const shortestMs = 500;

/**
 * The ledger on DynamoDB: one item per key, written whole, only if the stored item is still the one that was read. A write
 * costs one request also when it fails: the failed condition returns what stands there.
 */
export function dynamoDbLedger(client: DynamoDBClient, tableName: string, clock: Clock = systemClock): LedgerStore {
  async function read(
    key: string,
    options: { readonly abortSignal?: AbortSignal } = {},
  ): Promise<LedgerItem | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: marshall({ key }), ConsistentRead: true }),
      options,
    );
    return Item === undefined ? undefined : parse(Item);
  }

  async function write(next: LedgerItem, expected: LedgerItem | undefined, deadline?: number): Promise<LedgerWrite> {
    const options =
      deadline === undefined ? {} : { abortSignal: AbortSignal.timeout(Math.max(shortestMs, deadline - clock.now())) };
    try {
      await client.send(
        new PutItemCommand({
          TableName: tableName,
          Item: marshall(next),
          ...conditionFor(expected),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
        options,
      );
      return { written: true };
    } catch (error) {
      if (!isConditionFailure(error)) throw error;
      // Not every compatible endpoint returns the item with the failure.
      const current = error.Item === undefined ? await read(next.key, options) : parse(error.Item);
      // The SDK repeats a request whose answer was lost: then the write that stands in the way is our own.
      return current?.writeId === next.writeId ? { written: true } : { written: false, current };
    }
  }

  return { read: (key) => read(key), write };
}

function conditionFor(
  expected: LedgerItem | undefined,
): Pick<
  ConstructorParameters<typeof PutItemCommand>[0],
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
> {
  if (expected === undefined) {
    return { ConditionExpression: 'attribute_not_exists(#key)', ExpressionAttributeNames: { '#key': 'key' } };
  }
  return {
    ConditionExpression: '#writeId = :expected',
    ExpressionAttributeNames: { '#writeId': 'writeId' },
    ExpressionAttributeValues: { ':expected': { S: expected.writeId } },
  };
}

/** Told by name: the class is another one when two copies of the SDK are bundled. */
function isConditionFailure(error: unknown): error is ConditionalCheckFailedException {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

function parse(attributes: Record<string, AttributeValue>): LedgerItem {
  return v.parse(ledgerItem, unmarshall(attributes));
}
