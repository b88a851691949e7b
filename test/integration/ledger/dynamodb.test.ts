import { once } from 'node:events';
import { createServer } from 'node:http';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoDbLedger } from '../../../lib/ledger/dynamodb-store.ts';
import type { LedgerItem, LedgerStore } from '../../../lib/ledger/item.ts';
import { type Emulators, startEmulators } from '../../../local/platform/emulators.ts';
import { Environment } from '../../support/delivery/crash-points.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';
import { claimed, context } from '../../support/ledger/items.ts';

const tableName = 'ledger';

let emulators: Emulators;
let client: DynamoDBClient;
let ledger: LedgerStore;
let lastKey = 0;
let key: string;

beforeAll(async () => {
  emulators = await startEmulators();
  client = clientTo(emulators.endpoints.dynamodb);
  ledger = dynamoDbLedger(client, tableName);
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
});
afterAll(async () => {
  client.destroy();
  await emulators.close();
});
beforeEach(() => {
  lastKey += 1;
  key = `order-${lastKey}`;
});

function clientTo(endpoint: string): DynamoDBClient {
  const { region, accessKeyId, secretAccessKey } = emulators.endpoints;
  return new DynamoDBClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
}

function item(overrides: Partial<LedgerItem> = {}): LedgerItem {
  return { ...claimed(), key, ...overrides };
}

function requests(): Readonly<Record<string, number>> {
  return emulators.counts();
}

describe('the ledger in DynamoDB', () => {
  it('holds nothing for a key that nobody used', async () => {
    expect(await ledger.read(key)).toBeUndefined();
  });

  it('gives back what was written, in one request', async () => {
    const written = item({ recipients: { 'ada@example.org': { status: 'accepted', at: 1, text: 'Grüße 😀' } } });
    const before = requests()['DynamoDB.PutItem'] ?? 0;

    expect(await ledger.write(written, undefined)).toEqual({ written: true });

    expect((requests()['DynamoDB.PutItem'] ?? 0) - before).toBe(1);
    expect(await ledger.read(key)).toEqual(written);
  });

  it('is created once: the second claim learns what the first one wrote', async () => {
    const first = item();
    await ledger.write(first, undefined);

    expect(await ledger.write(item({ writeId: 'second' }), undefined)).toEqual({ written: false, current: first });
    expect(await ledger.read(key)).toEqual(first);
  });

  it('is written by one of many who try at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => ledger.write(item({ writeId: `write-${index}` }), undefined)),
    );

    expect(results.filter(({ written }) => written)).toHaveLength(1);
    const standing = await ledger.read(key);
    for (const result of results) if (!result.written) expect(result.current).toEqual(standing);
  });

  it('is replaced by whoever read what stands there, and by nobody else', async () => {
    const first = item();
    const second = item({ writeId: 'second', state: 'settled' });
    await ledger.write(first, undefined);

    expect(await ledger.write(second, first)).toEqual({ written: true });
    expect(await ledger.write(item({ writeId: 'third' }), first)).toEqual({ written: false, current: second });
  });

  it('is not written over an item that is gone', async () => {
    expect(await ledger.write(item({ writeId: 'second' }), item())).toEqual({ written: false, current: undefined });
    expect(await ledger.read(key)).toBeUndefined();
  });

  it('loses attributes that the new state does not have', async () => {
    const first = item();
    const { lease: _, ...rest } = first;
    await ledger.write(first, undefined);
    await ledger.write({ ...rest, writeId: 'second' }, first);

    expect(await ledger.read(key)).not.toHaveProperty('lease');
  });

  it('is read consistently', async () => {
    const consistent: unknown[] = [];
    const watched = clientTo(emulators.endpoints.dynamodb);
    watched.middlewareStack.add(
      (next) => (args) => {
        if ('ConsistentRead' in args.input) consistent.push(args.input.ConsistentRead);
        return next(args);
      },
      { step: 'initialize' },
    );

    await dynamoDbLedger(watched, tableName).read(key);

    watched.destroy();
    expect(consistent).toEqual([true]);
  });

  it('takes the largest mail that the contract allows', async () => {
    const recipients = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [
        `${'u'.repeat(60)}${index}@${'d'.repeat(180)}.example`,
        { status: 'failed', at: 1, text: 't'.repeat(1024), deadLetterId: 'id' } as const,
      ]),
    );

    expect(await ledger.write(item({ recipients }), undefined)).toEqual({ written: true });
    expect((await ledger.read(key))?.recipients).toEqual(recipients);
  });
});

describe('a request that the SDK repeats', () => {
  /** Every PutItem reaches the table twice, as when the first answer was lost. */
  function repeating(): DynamoDBClient {
    const twice = clientTo(emulators.endpoints.dynamodb);
    twice.middlewareStack.add(
      (next) => async (args) => {
        await next(args);
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    return twice;
  }

  it('counts as written: it is our own write that stands in the way', async () => {
    const twice = repeating();
    const written = item();

    expect(await dynamoDbLedger(twice, tableName).write(written, undefined)).toEqual({ written: true });

    twice.destroy();
    expect(await ledger.read(key)).toEqual(written);
  });
});

describe('a DynamoDB that takes requests and never answers', () => {
  it('is given up at the deadline of the write', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const hanging = clientTo(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    const startedAt = Date.now();

    await expect(dynamoDbLedger(hanging, tableName).write(item(), undefined, startedAt + 700)).rejects.toThrow();

    expect(Date.now() - startedAt).toBeLessThan(5_000);
    hanging.destroy();
    silent.closeAllConnections();
    silent.close();
    await once(silent, 'close');
  });

  it('costs a delivered mail no second delivery: acknowledged in time', async () => {
    const stage = new Stage();
    stage.publish(mail({ idempotencyKey: key }));
    let claimedAlready = false;
    const now = Date.now();

    await stage.invoke({
      ports: {
        ledger: {
          read: ledger.read,
          // The settle hangs until its own deadline, which must leave time for the response.
          write: async (next, expected, deadline) => {
            if (!claimedAlready) {
              claimedAlready = true;
              return ledger.write(next, expected);
            }
            if (deadline === undefined) return new Promise<never>(() => {});
            stage.world.now = deadline;
            throw new Error('aborted');
          },
        },
      },
    });

    expect(stage.world.queue.size).toBe(0);
    expect(stage.told('settle-failed')).toMatchObject([{ acknowledged: true }]);
    expect(Date.now() - now).toBeLessThan(5_000);
  });
});

describe('a failed condition that brings the item along, as AWS answers', () => {
  it('costs no read', async () => {
    const standing = item();
    await ledger.write(standing, undefined);
    const generous = clientTo(emulators.endpoints.dynamodb);
    // dynalite ignores ReturnValuesOnConditionCheckFailure; AWS sends the item with the error.
    generous.middlewareStack.add(
      (next) => async (args) => {
        expect(args.input).toMatchObject({ ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
        try {
          return await next(args);
        } catch (error) {
          throw Object.assign(error instanceof Error ? error : new Error(), { Item: marshall(standing) });
        }
      },
      { step: 'initialize' },
    );
    const before = requests()['DynamoDB.GetItem'] ?? 0;

    const result = await dynamoDbLedger(generous, tableName).write(item({ writeId: 'second' }), undefined);

    generous.destroy();
    expect(result).toEqual({ written: false, current: standing });
    expect((requests()['DynamoDB.GetItem'] ?? 0) - before).toBe(0);
  });
});

describe('an item that somebody edited by hand', () => {
  async function damaged(): Promise<void> {
    await client.send(
      new PutItemCommand({ TableName: tableName, Item: marshall({ ...item(), recipients: 'nobody' }) }),
    );
  }

  it('is an error, not an item', async () => {
    await damaged();

    await expect(ledger.read(key)).rejects.toThrow();
    await expect(ledger.write(item({ writeId: 'second' }), undefined)).rejects.toThrow();
  });

  it('holds up its own mail and none of its neighbours', async () => {
    await damaged();
    const stage = new Stage();
    const sound = `${key}-sound`;
    stage.publish(mail({ idempotencyKey: key }));
    stage.publish(mail({ idempotencyKey: sound }));

    await stage.invoke({ ports: { ledger } });

    expect(stage.sent.map((sent) => sent.key)).toEqual([sound]);
    expect(stage.told('service-unavailable')).toMatchObject([{ service: 'ledger', key }]);
    expect(stage.world.queue.size).toBe(1);
    stage.world.skipToNextVisible();
    await stage.invoke({ ports: { ledger } });
    expect(stage.sent).toHaveLength(1);
    expect(stage.told('service-unavailable')).toHaveLength(2);
  });
});

describe('deliveries on the real table', () => {
  it('cost two writes and no read per mail', async () => {
    const stage = new Stage();
    stage.publish(mail({ idempotencyKey: key }));
    const before = requests();

    await stage.invoke({ ports: { ledger } });

    const after = requests();
    expect((after['DynamoDB.PutItem'] ?? 0) - (before['DynamoDB.PutItem'] ?? 0)).toBe(2);
    expect(after['DynamoDB.GetItem'] ?? 0).toBe(before['DynamoDB.GetItem'] ?? 0);
    expect(await ledger.read(key)).toMatchObject({ state: 'settled', attempts: 1 });
  });

  it('replace an item that outlived its 35 days and that DynamoDB has not deleted yet', async () => {
    const stage = new Stage();
    const settled = { ...item(), state: 'settled', ttl: Math.floor(stage.world.now / 1000) } as const;
    await ledger.write(settled, undefined);
    stage.publish(mail({ idempotencyKey: key }));

    await stage.invoke({ ports: { ledger } });

    expect(stage.sent).toHaveLength(1);
    expect(await ledger.read(key)).toMatchObject({ state: 'settled', firstSeenAt: stage.world.now });
    expect((await ledger.read(key))?.payloadHash).not.toBe(settled.payloadHash);
  });

  it('of two copies in two environments at once send the mail once', async () => {
    const stage = new Stage();
    const other = new Stage();
    for (const one of [stage, other]) one.publish(mail({ idempotencyKey: key }));

    await Promise.all(
      [stage, other].map((one) =>
        one.invoke({ ports: { ...one.ports(new Environment([])), newId: context().newId, ledger } }),
      ),
    );

    expect([...stage.sent, ...other.sent]).toHaveLength(1);
  });
});
