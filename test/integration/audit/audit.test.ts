import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Auditor, composeAudit } from '../../../functions/compose-audit.ts';
import { firstSends, firstSendsInTurn } from '../../../lib/audit/first-sends.ts';
import { findingKinds } from '../../../lib/audit/judge.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { newItem } from '../../../lib/ledger/stamp.ts';
import { claim, settle } from '../../../lib/ledger/transitions.ts';
import { indexed } from '../../../lib/ledger/unfinished.ts';
import { systemClock } from '../../../lib/platform/clock.ts';
import { acceptedBy, ada, context, facts, rejectedBy } from '../../support/ledger/items.ts';
import { type AuditStage, startAuditStage } from './stage.ts';

const hour = 3_600_000;
const start = Date.now();
const busy = { phase: 'rcpt', reused: false, reply: { code: 450, text: 'busy' } } as const;
const refused = { phase: 'rcpt', reused: false, reply: { code: 550, text: 'no' } } as const;

/** A mail that was enqueued and attempted that long ago. */
function mailFrom(key: string, agoMs: number) {
  const at = start - agoMs;
  const mail = facts({ key, recipients: [ada], enqueuedAt: at });
  const lease = { owner: 'o', endsAt: at + 190_000, relay: 'primary', inFlight: [ada] };
  const claimed = claim(newItem(mail, context(at)), lease, context(at));
  const ending = (outcome: Parameters<typeof settle>[2]['outcomes']) =>
    settle(claimed, mail, { outcomes: outcome, charged: true, nextAttemptAt: at + 30_000 }, context(at));
  const pending = { status: 'pending', relay: 'primary', failure: busy } as const;
  return {
    claimed,
    delivered: ending(new Map([[ada, acceptedBy('primary')]])),
    waiting: ending(new Map([[ada, pending]])),
    doubtful: ending(new Map([[ada, { ...pending, doubts: 1 }]])),
    owing: ending(new Map([[ada, rejectedBy('primary', refused)]])),
    sentAgain: claim(ending(new Map([[ada, pending]])), lease, context(at)),
  };
}

/** Its dead letter was written, and nobody told its sender. */
function untold(item: LedgerItem): LedgerItem {
  const records = Object.entries(item.deadLetters).map(([id, record]) => [
    id,
    { ...record, pending: false, bounceOwedSince: record.failedAt },
  ]);
  return indexed({ ...item, deadLetters: Object.fromEntries(records) });
}

/** A mail of each kind of forgotten mail, and of each kind that only looks a little like it. */
const planted: Readonly<Record<(typeof findingKinds)[number], LedgerItem>> = {
  unreadable: JSON.parse(JSON.stringify({ ...mailFrom('edited', 2 * hour).waiting, attempts: 'many' })),
  'dead-letter-missing': indexed({ ...mailFrom('missing', 2 * hour).owing, deadLetters: {} }),
  'dead-letter-pending': mailFrom('pending', 2 * hour).owing,
  'bounce-missing': untold(mailFrom('untold', 2 * hour).owing),
  'window-passed': mailFrom('window', 121 * hour).waiting,
  'lease-ended': mailFrom('lease', 2 * hour).sentAgain,
  'uncertain-unresolved': mailFrom('doubt', 2 * hour).doubtful,
  'attempt-overdue': mailFrom('overdue', 2 * hour).waiting,
};
const plantedKeys = Object.values(planted)
  .map(({ key }) => key)
  .toSorted();
const healthy = [
  mailFrom('done', 2 * hour).delivered,
  mailFrom('just-claimed', 60_000).sentAgain,
  mailFrom('just-late', 0.5 * hour).waiting,
  mailFrom('first-send', 60_000).claimed,
];

let stage: AuditStage;
let auditor: Auditor;
beforeAll(async () => {
  stage = await startAuditStage();
  auditor = auditorOf(stage);
  await stage.put(...healthy, ...Object.values(planted));
}, 60_000);
afterAll(() => stage?.close());
afterEach(() => vi.restoreAllMocks());

const keysOf = (stdout: string): string[] =>
  JSON.parse(stdout)
    .findings.map(({ key }: { key: string }) => key)
    .toSorted();

describe('npm run audit', () => {
  it('lists each planted kind and nothing else, the longest overdue first', async () => {
    const { exitCode, stdout } = await stage.audit('--json');

    expect(exitCode).toBe(1);
    const { findings } = JSON.parse(stdout);
    expect(findings.map(({ kind, key }: { kind: string; key: string }) => [kind, key]).toSorted()).toEqual(
      Object.entries(planted)
        .map(([kind, { key }]) => [kind, key])
        .toSorted(),
    );
    expect(findings[0]).toMatchObject({ attempts: 1, lastRelay: 'primary', mayHaveIt: false });
    expect(findings.filter(({ mayHaveIt }: { mayHaveIt: boolean }) => mayHaveIt)).toHaveLength(3);
    const overdue = findings.map(({ since }: { since: number }) => since);
    expect(overdue).toEqual(overdue.toSorted());
  });

  it('tells people what is wrong, since when, and what the queue holds', async () => {
    await stage.aws.sqs.send(new SendMessageCommand({ QueueUrl: stage.outputs['IntakeQueueUrl'], MessageBody: '{}' }));

    const { exitCode, stdout } = await stage.audit();

    expect(exitCode).toBe(1);
    for (const kind of findingKinds) expect(stdout).toContain(kind);
    expect(stdout).toMatch(/│ 2h\s+│ dead-letter-pending:/);
    expect(stdout.match(/May have been delivered\./g)).toHaveLength(3);
    expect(stdout).toContain('about 1 message in the intake queue. At least');
  });

  it('takes another margin', async () => {
    expect(keysOf((await stage.audit('--json', '--margin', '6d')).stdout)).toEqual([]);
    expect(keysOf((await stage.audit('--json', '--margin', '10m')).stdout)).toContain('just-late');
  });

  it('closes a mail with --yes only, and only one that is forgotten', async () => {
    await stage.put(mailFrom('to-close', 3 * hour).sentAgain);

    const dry = await stage.audit('--close', 'to-close');
    expect(dry).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('1 of them may have it') });
    expect(keysOf((await stage.audit('--json')).stdout)).toContain('to-close');

    const done = await stage.audit('--close', 'to-close', '--close', 'just-late', '--yes');
    expect(done).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/to-close: closed: .*\njust-late: is not/),
    });
    expect(keysOf((await stage.audit('--json')).stdout)).toEqual(plantedKeys);
  });

  it('leaves out what waits for a paused intake, and says so', async () => {
    const pause = { mapping: 'uuid', since: start - hour, askedAt: start, reason: 'no relay' };
    const Item = marshall({ relay: '#probe', owner: 'o', endsAt: start, pause });
    const TableName = stage.outputs['RelayHealthTableName'];
    await stage.aws.dynamodb.send(new PutItemCommand({ TableName, Item }));

    const { stdout } = await stage.audit();

    expect(stdout).not.toContain('attempt-overdue');
    expect(stdout).toContain('dead-letter-pending');
    expect(stdout).toContain('The intake is paused');
    const running = marshall({ relay: '#probe', owner: 'o', endsAt: start });
    await stage.aws.dynamodb.send(new PutItemCommand({ TableName, Item: running }));
  });

  it.each([
    [['--margin', 'soon'], '--margin is "soon"'],
    [['list'], 'list'],
    [['--stage', 'No Such'], '--stage'],
  ])('refuses %j', async (args, named) => {
    const { exitCode, stderr } = await stage.audit(...args);

    expect(exitCode).toBe(2);
    expect(stderr).toContain(named);
  });
});

function auditorOf({ outputs, aws }: AuditStage): Auditor {
  return composeAudit({
    environment: {
      POSTROOM_STAGE: 'test',
      POSTROOM_LEDGER_TABLE: outputs['LedgerTableName'] ?? '',
      POSTROOM_RELAY_HEALTH_TABLE: outputs['RelayHealthTableName'] ?? '',
      POSTROOM_INTAKE_QUEUE_URL: outputs['IntakeQueueUrl'] ?? '',
      POSTROOM_SETTINGS: JSON.parse(outputs['AuditSettings'] ?? ''),
    },
    clients: { dynamoDb: aws.dynamodb, sqs: aws.sqs },
    clock: systemClock,
  });
}

/** What one run of the function writes. */
async function runFunction(): Promise<{ readonly text: string; readonly entries: Record<string, unknown>[] }> {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  await auditor.handle({ awsRequestId: 'request-1' });
  return { text: lines.join('\n'), entries: lines.map((line) => JSON.parse(line)) };
}

async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found;
}

describe('the audit function', () => {
  it('publishes what it found, logs each mail without addresses, and reads nothing but what it asked for', async () => {
    const before = stage.counts();

    const { text, entries } = await runFunction();

    const found = entries.filter(({ event }) => event === 'audit.overdue');
    expect(found.map(({ outcome }) => outcome).toSorted()).toEqual(findingKinds.toSorted());
    expect(entries).toContainEqual(expect.objectContaining({ OverdueMails: findingKinds.length }));
    const [age] = entries.flatMap(({ OldestUndeliveredAge: seconds = [] }) => seconds);
    expect(age).toBeGreaterThanOrEqual((121 * hour) / 1000);
    expect(text).not.toContain(ada);
    const reads = (stage.counts()['DynamoDB.GetItem'] ?? 0) - (before['DynamoDB.GetItem'] ?? 0);
    expect(reads).toBeLessThan(15);
    expect(stage.counts()['DynamoDB.PutItem']).toBe(before['DynamoDB.PutItem']);
  });

  it('finds first sends that were cut short, and that their messages are missing', async () => {
    const cutShort = Array.from({ length: 20 }, (_, index) => mailFrom(`cut-short-${index}`, 2 * hour).claimed);
    await stage.put(...cutShort);

    const { entries } = await runFunction();

    const found = entries.filter(({ event }) => event === 'audit.overdue').map(({ key }) => key);
    expect(found).toEqual(expect.arrayContaining(cutShort.map(({ key }) => key)));
    const unfinished = findingKinds.length + 1 + cutShort.length;
    // The one message that a test above has published, and `just-claimed` and `just-late` are unfinished, too.
    expect(entries).toContainEqual(expect.objectContaining({ MailsMissingFromQueue: unfinished + 1 - 1 }));
  });
});

describe('a scan for first sends', () => {
  it('sees the whole table in as many turns as it has slices', async () => {
    const { dynamodb } = stage.aws;
    const table = stage.outputs['LedgerTableName'] ?? '';
    const whole = await all(firstSends(dynamodb, table));
    const slices = 7;
    dynamodb.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        if ('Table' in result.output) result.output.Table = { TableSizeBytes: slices * 64 * 1024 * 1024 };
        return result;
      },
      { step: 'initialize', name: 'larger-table' },
    );

    const turns: string[][] = [];
    for (let turn = 0; turn < slices; turn += 1) {
      turns.push(await all(firstSendsInTurn(dynamodb, table, start + turn * 15 * 60_000)));
    }

    dynamodb.middlewareStack.remove('larger-table');
    expect(whole.length).toBeGreaterThan(20);
    expect(turns.flat().toSorted()).toEqual(whole.toSorted());
    expect(turns.filter((keys) => keys.length > 0).length).toBeGreaterThan(3);
  });
});
