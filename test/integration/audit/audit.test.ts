import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { composeAudit } from '../../../functions/compose-audit.ts';
import { findingKinds } from '../../../lib/audit/judge.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { claim, newItem, settle } from '../../../lib/ledger/transitions.ts';
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

/** A mail of each kind of forgotten mail, and of each kind that only looks a little like it. */
const planted: Readonly<Record<(typeof findingKinds)[number], LedgerItem>> = {
  'dead-letter-missing': indexed({ ...mailFrom('missing', 2 * hour).owing, deadLetters: {} }),
  'dead-letter-pending': mailFrom('pending', 2 * hour).owing,
  'window-passed': mailFrom('window', 121 * hour).waiting,
  'lease-ended': mailFrom('lease', 2 * hour).sentAgain,
  'uncertain-unresolved': mailFrom('doubt', 2 * hour).doubtful,
  'attempt-overdue': mailFrom('overdue', 2 * hour).waiting,
};
const healthy = [
  mailFrom('done', 2 * hour).delivered,
  mailFrom('just-claimed', 60_000).sentAgain,
  mailFrom('just-late', 0.5 * hour).waiting,
  mailFrom('first-send', 60_000).claimed,
];

let stage: AuditStage;
beforeAll(async () => {
  stage = await startAuditStage();
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
    expect(findings[0]).toMatchObject({ attempts: 1, lastRelay: 'primary' });
    const overdue = findings.map(({ since }: { since: number }) => since);
    expect(overdue).toEqual(overdue.toSorted());
  });

  it('tells people what is wrong, since when, and what the queue holds', async () => {
    await stage.aws.sqs.send(new SendMessageCommand({ QueueUrl: stage.outputs['IntakeQueueUrl'], MessageBody: '{}' }));

    const { exitCode, stdout } = await stage.audit();

    expect(exitCode).toBe(1);
    for (const kind of findingKinds) expect(stdout).toContain(kind);
    expect(stdout).toMatch(/│ 2h\s+│ dead-letter-pending:/);
    expect(stdout).toContain('about 1 message in the intake queue. At least');
  });

  it('takes another margin', async () => {
    expect(keysOf((await stage.audit('--json', '--margin', '6d')).stdout)).toEqual([]);
    expect(keysOf((await stage.audit('--json', '--margin', '10m')).stdout)).toContain('just-late');
  });

  it('finds a first send that was cut short only when it reads the whole ledger', async () => {
    await stage.put(mailFrom('cut-short', 2 * hour).claimed);

    expect(keysOf((await stage.audit('--json')).stdout)).not.toContain('cut-short');
    expect(keysOf((await stage.audit('--json', '--deep')).stdout)).toContain('cut-short');
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

describe('the audit function', () => {
  it('publishes what it found, logs each mail without addresses, and reads nothing but what the index names', async () => {
    const lines: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      lines.push(String(line));
      return true;
    });
    const before = stage.counts();
    const { outputs, aws } = stage;
    await composeAudit({
      environment: {
        POSTROOM_STAGE: 'test',
        POSTROOM_LEDGER_TABLE: outputs['LedgerTableName'] ?? '',
        POSTROOM_RELAY_HEALTH_TABLE: outputs['RelayHealthTableName'] ?? '',
        POSTROOM_INTAKE_QUEUE_URL: outputs['IntakeQueueUrl'] ?? '',
        POSTROOM_SETTINGS: JSON.parse(outputs['AuditSettings'] ?? ''),
      },
      clients: { dynamoDb: aws.dynamodb, sqs: aws.sqs },
      clock: systemClock,
    }).handle({ awsRequestId: 'request-1' });

    const entries = lines.map((line) => JSON.parse(line));
    const found = entries.filter(({ event }) => event === 'audit.overdue');
    expect(found.map(({ outcome }) => outcome).toSorted()).toEqual(findingKinds.toSorted());
    expect(entries).toContainEqual(expect.objectContaining({ OverdueMails: 6 }));
    expect(lines.join('\n')).not.toContain(ada);
    const reads = (stage.counts()['DynamoDB.GetItem'] ?? 0) - (before['DynamoDB.GetItem'] ?? 0);
    expect(reads).toBeLessThan(10);
    expect(stage.counts()['DynamoDB.PutItem']).toBe(before['DynamoDB.PutItem']);
  });
});
