import { createServer } from 'node:http';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoDbRelayHealth } from '../../../lib/health/health-store.ts';
import { freshBreaker, type RelayHealthItem, type RelayHealthStore } from '../../../lib/health/item.ts';
import { closeServer, listenOnLoopback } from '../../../local/platform/loopback.ts';
import { type HealthTable, healthTable } from '../../support/health-table.ts';

let table: HealthTable;
let store: RelayHealthStore;
let relay: string;
let relays = 0;
const unreadable: string[] = [];
const anybody = { accessKeyId: 'nobody', secretAccessKey: 'nothing' };

beforeAll(async () => {
  table = await healthTable();
  // Fifty writers at once may take their time here.
  store = dynamoDbRelayHealth({ ...table, patienceMs: 60_000, onUnreadable: (name) => unreadable.push(name) });
});
afterAll(() => table.close());
beforeEach(() => {
  relays += 1;
  relay = `relay-${relays}`;
  unreadable.length = 0;
});

const item = (revision: string, what: Partial<RelayHealthItem> = {}): RelayHealthItem => ({
  relay,
  revision,
  changedAt: 1_800_000_000_000,
  breaker: freshBreaker,
  ...what,
});

const open = {
  state: 'open',
  reason: 'credentials',
  rule: 'login-refused',
  openedAt: 1,
  reopensAt: 2,
  coolDownMs: 3,
  rejections: [],
  refusedVersions: ['v1'],
} as const;

describe('relay health on DynamoDB', () => {
  it('reads what was written, whatever state it is in', async () => {
    const trial = { owner: 'me', startedAt: 4, endsAt: 5 };
    const probe = { status: 'degraded', factor: 0.4, at: 6, validUntil: 7, latencyMs: 320.5 } as const;
    const override = { mode: 'draining', setAt: 8, reason: 'maintenance', expiresAt: 9 } as const;
    const first = item('1', { breaker: open, probe });
    const second = item('2', { breaker: { ...open, state: 'half-open', trial }, override });

    expect(await store.read(relay)).toBeUndefined();
    expect(await store.write(first, undefined)).toEqual({ written: true });
    expect(await store.read(relay)).toEqual(first);
    expect(await store.write(second, first)).toEqual({ written: true });
    expect((await store.readAll([relay, 'nobody'])).get(relay)).toEqual(second);
  });

  it('reads all relays with one request', async () => {
    const actions: string[] = [];
    table.onRequest((action) => actions.push(action));
    await store.write(item('1'), undefined);
    actions.length = 0;

    const found = await store.readAll([relay, 'nobody']);

    expect(found).toEqual(
      new Map([
        [relay, item('1')],
        ['nobody', undefined],
      ]),
    );
    expect(actions).toEqual(['BatchGetItem']);
  });

  it('refuses a write over what somebody else wrote, and says what stands there', async () => {
    await store.write(item('1'), undefined);
    expect(await store.write(item('2'), undefined)).toEqual({ written: false, current: item('1') });
    expect(await store.write(item('2'), item('0'))).toEqual({ written: false, current: item('1') });
    expect(await store.read(relay)).toEqual(item('1'));
  });

  it('lets exactly one of fifty writers win', async () => {
    await store.write(item('0'), undefined);
    const writes = await Promise.all(Array.from({ length: 50 }, (_, n) => store.write(item(`${n + 1}`), item('0'))));
    expect(writes.filter(({ written }) => written)).toHaveLength(1);
  });

  it('takes a repeated request whose first try had succeeded for written', async () => {
    await store.write(item('1'), undefined);
    await store.write(item('2'), item('1'));
    expect(await store.write(item('2'), item('1'))).toEqual({ written: true });
  });

  it('reports an item that somebody broke, and leaves it out', async () => {
    const broken = marshall({ ...item('1'), breaker: { state: 'ajar' } });
    await table.client.send(new PutItemCommand({ TableName: table.tableName, Item: broken }));

    expect([...(await store.readAll([relay, 'nobody'])).keys()]).toEqual(['nobody']);
    expect(unreadable).toEqual([relay]);
    await expect(store.read(relay)).rejects.toThrow(/ajar/);
  });

  it('replaces an item that somebody broke', async () => {
    const broken = marshall({ ...item('1'), breaker: { state: 'ajar' } });
    await table.client.send(new PutItemCommand({ TableName: table.tableName, Item: broken }));
    const store = dynamoDbRelayHealth({ ...table, onUnreadable: () => {} });
    await store.replace(item('2'));
    expect(await store.read(relay)).toEqual(item('2'));
  });

  it('keeps nobody waiting for longer than a moment, whatever DynamoDB does', async () => {
    const silent = createServer(() => {});
    const endpoint = await listenOnLoopback(silent);
    const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials: anybody, maxAttempts: 3 });
    const store = dynamoDbRelayHealth({ client, tableName: 'any', patienceMs: 50, onUnreadable: () => {} });
    try {
      const work = [store.read(relay), store.readAll([relay]), store.write(item('1'), undefined)];
      for (const { status } of await Promise.allSettled(work)) expect(status).toBe('rejected');
    } finally {
      client.destroy();
      silent.closeAllConnections();
      await closeServer(silent);
    }
  }, 2000);

  it('keeps what a newer version wrote', async () => {
    const newer = { ...item('1'), region: 'eu' };
    await table.client.send(new PutItemCommand({ TableName: table.tableName, Item: marshall(newer) }));
    const read = await store.read(relay);
    await store.write({ ...item('2'), ...read, revision: '2' }, read);
    expect(await store.read(relay)).toMatchObject({ region: 'eu', revision: '2' });
  });
});
