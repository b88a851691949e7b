import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import { versionedTable } from '../platform/versioned-table.ts';
import type { RelayHealthItem, RelayHealthStore } from './item.ts';
import { relayHealthItem } from './item-schema.ts';

export interface HealthStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** How long mail waits for one request, in milliseconds; then it goes by what was known before. */
  readonly patienceMs?: number;
  /** An item is not what it should be, and what was known of the relay before stays in force. */
  readonly onUnreadable: (relay: string, error: unknown) => void;
}

export interface DynamoDbRelayHealth extends RelayHealthStore {
  /** Writes over whatever stands there. For what nobody can read, and so nobody can overwrite on a condition. */
  replace(next: RelayHealthItem): Promise<void>;
}

/**
 * Relay health on DynamoDB: one item per relay. Reads are consistent, because an old answer would undo what this
 * environment wrote itself a moment ago. A stage has few relays, so that one BatchGetItem (100 keys) takes them all.
 */
export function dynamoDbRelayHealth(options: HealthStoreOptions): DynamoDbRelayHealth {
  const { client, tableName, patienceMs = 1500, onUnreadable } = options;

  const table = versionedTable({ client, tableName, key: 'relay', version: 'revision', parse });
  const bounded = () => ({ abortSignal: AbortSignal.timeout(patienceMs) });

  async function readAll(relays: readonly string[]): Promise<ReadonlyMap<string, RelayHealthItem | undefined>> {
    const Keys = relays.map((relay) => marshall({ relay }));
    const { Responses = {}, UnprocessedKeys = {} } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys, ConsistentRead: true } } }),
      bounded(),
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

  return {
    read: (relay) => table.read(relay, bounded()),
    readAll,
    write: (next, expected) => table.write(next, expected, bounded()),
    replace: async (next) => {
      await client.send(new PutItemCommand({ TableName: tableName, Item: marshall(next) }), bounded());
    },
  };
}

function parse(attributes: Record<string, AttributeValue>): RelayHealthItem {
  return v.parse(relayHealthItem, unmarshall(attributes));
}
