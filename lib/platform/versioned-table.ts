import {
  type AttributeValue,
  type ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

export interface VersionedTableOptions<Key extends string, Version extends string, Item> {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Partition key; there is no sort key. */
  readonly key: Key;
  /** The attribute that every write gives a value it never had before. */
  readonly version: Version;
  /** Throws for what is no item. */
  parse(attributes: Record<string, AttributeValue>): Item;
}

export type VersionedWrite<Item> =
  | { readonly written: true }
  | { readonly written: false; readonly current: Item | undefined };

export interface RequestOptions {
  readonly abortSignal?: AbortSignal;
}

/** Items that are written whole, and only if the stored item is still the one that was read. */
export interface VersionedTable<Item> {
  /** Consistent. */
  read(key: string, options?: RequestOptions): Promise<Item | undefined>;
  /** Costs one request also when the condition fails, which returns what stands there. */
  write(next: Item, expected: Item | undefined, options?: RequestOptions): Promise<VersionedWrite<Item>>;
}

export function versionedTable<
  Key extends string,
  Version extends string,
  Item extends Readonly<Record<Key | Version, string>>,
>({ client, tableName, key, version, parse }: VersionedTableOptions<Key, Version, Item>): VersionedTable<Item> {
  async function read(value: string, options: RequestOptions = {}): Promise<Item | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: marshall({ [key]: value }), ConsistentRead: true }),
      options,
    );
    return Item === undefined ? undefined : parse(Item);
  }

  async function write(
    next: Item,
    expected: Item | undefined,
    options: RequestOptions = {},
  ): Promise<VersionedWrite<Item>> {
    const condition = expected === undefined ? isAbsent(key) : holds(version, expected[version]);
    const input: PutItemCommandInput = {
      TableName: tableName,
      Item: marshall(next),
      ...condition,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
    try {
      await client.send(new PutItemCommand(input), options);
      return { written: true };
    } catch (error) {
      if (!isConditionFailure(error)) throw error;
      // Not every compatible endpoint returns the item with the failure.
      const current = error.Item === undefined ? await read(next[key], options) : parse(error.Item);
      // The SDK repeats a request whose answer was lost: then the write that stands in the way is our own.
      return current?.[version] === next[version] ? { written: true } : { written: false, current };
    }
  }

  return { read, write };
}

type Condition = Pick<
  PutItemCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

function isAbsent(attribute: string): Condition {
  return { ConditionExpression: 'attribute_not_exists(#name)', ExpressionAttributeNames: { '#name': attribute } };
}

function holds(attribute: string, value: string): Condition {
  return {
    ConditionExpression: '#name = :value',
    ExpressionAttributeNames: { '#name': attribute },
    ExpressionAttributeValues: { ':value': { S: value } },
  };
}

/** Told by name: the class is another one when two copies of the SDK are bundled. */
export function isConditionFailure(error: unknown): error is ConditionalCheckFailedException {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}
