import {
  type AttributeValue,
  BatchGetItemCommand,
  type ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import type { RelayHealthItem, RelayHealthStore, RelayHealthWrite } from './item.ts';
import { relayHealthItem } from './item-schema.ts';

export interface HealthStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** How long mail waits for the health of the relays, in milliseconds; then it goes by what was known before. */
  readonly patienceMs?: number;
  /** An item is not what it should be, and what was known of the relay before stays in force. */
  readonly onUnreadable: (relay: string, error: unknown) => void;
}

/**
 * Relay health on DynamoDB: one item per relay. Reads are consistent, because an old answer would undo what this
 * environment wrote itself a moment ago. A stage has few relays, so that one BatchGetItem (100 keys) takes them all.
 */
export function dynamoDbRelayHealth(options: HealthStoreOptions): RelayHealthStore {
  const { client, tableName, patienceMs = 1500, onUnreadable } = options;

  async function read(relay: string): Promise<RelayHealthItem | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: marshall({ relay }), ConsistentRead: true }),
    );
    return Item === undefined ? undefined : parse(Item);
  }

  async function readAll(relays: readonly string[]): Promise<ReadonlyMap<string, RelayHealthItem | undefined>> {
    const Keys = relays.map((relay) => marshall({ relay }));
    const { Responses = {}, UnprocessedKeys = {} } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys, ConsistentRead: true } } }),
      { abortSignal: AbortSignal.timeout(patienceMs) },
    );
    const known = new Map<string, RelayHealthItem | undefined>(relays.map((relay) => [relay, undefined]));
    for (const { relay } of UnprocessedKeys[tableName]?.Keys ?? []) known.delete(relay?.S ?? '');
    for (const attributes of Responses[tableName] ?? []) {
      const relay = attributes['relay']?.S ?? '';
      try {
        known.set(relay, parse(attributes));
      } catch (error) {
        known.delete(relay);
        onUnreadable(relay, error);
      }
    }
    return known;
  }

  async function write(next: RelayHealthItem, expected: RelayHealthItem | undefined): Promise<RelayHealthWrite> {
    try {
      await client.send(
        new PutItemCommand({
          TableName: tableName,
          Item: marshall(next),
          ...conditionFor(expected),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { written: true };
    } catch (error) {
      if (!isConditionFailure(error)) throw error;
      // Not every compatible endpoint returns the item with the failure.
      const current = error.Item === undefined ? await read(next.relay) : parse(error.Item);
      // The SDK repeats a request whose answer was lost: then the write that stands in the way is our own.
      return current?.revision === next.revision ? { written: true } : { written: false, current };
    }
  }

  return { read, readAll, write };
}

function conditionFor(
  expected: RelayHealthItem | undefined,
): Pick<
  ConstructorParameters<typeof PutItemCommand>[0],
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
> {
  if (expected === undefined) {
    return { ConditionExpression: 'attribute_not_exists(#relay)', ExpressionAttributeNames: { '#relay': 'relay' } };
  }
  return {
    ConditionExpression: '#revision = :expected',
    ExpressionAttributeNames: { '#revision': 'revision' },
    ExpressionAttributeValues: { ':expected': { S: expected.revision } },
  };
}

/** Told by name: the class is another one when two copies of the SDK are bundled. */
function isConditionFailure(error: unknown): error is ConditionalCheckFailedException {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

function parse(attributes: Record<string, AttributeValue>): RelayHealthItem {
  return v.parse(relayHealthItem, unmarshall(attributes));
}
