import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { queueDepth } from '../../local/commands/progress.ts';
import { type AwsClients, createAwsClients } from '../../local/platform/aws-clients.ts';
import { type Platform, startPlatform } from '../../local/platform/platform.ts';
import { type ParsedReport, parseReport } from '../support/delivery-status.ts';
import { type MessageRecord, type ScriptedRelay, startScriptedRelay, type Turn } from '../support/scripted-relay.ts';

/** Once a second the relay is asked again; a mail is late after two. */
const config = {
  relays: { primary: { allowPlaintext: true, maxConnections: 60 } },
  sender: { maxConcurrency: 2, timeoutSeconds: 20 },
  smtp: { connectSeconds: 1, greetingSeconds: 1, commandSeconds: 5, finalReplySeconds: 5 },
  retry: { baseSeconds: 1, factor: 1, maxSeconds: 1, jitter: 0, maxAgeSeconds: 600 },
  breaker: { failureThreshold: 1000, messageRejectionThreshold: 1000 },
  bounces: { mode: 'dsn', from: 'daemon@example.com', reportingMta: 'mail.example.com', delayNoticeSeconds: 2 },
};

let folder: string;
let relay: ScriptedRelay;
let platform: Platform;
let aws: AwsClients;
/** What the functions logged, parsed. */
const records: Readonly<Record<string, unknown>>[] = [];
let busy = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postroom-bounces-'));
  const configPath = join(folder, 'stage.json');
  await writeFile(configPath, JSON.stringify(config));
  relay = await startScriptedRelay({ script: misbehaviour() });
  platform = await startPlatform({
    stage: 'test',
    configPath,
    stateDirectory: folder,
    onLog: ({ line }) => line.startsWith('{') && records.push(JSON.parse(line)),
    secrets: { primary: JSON.stringify({ host: relay.host, port: relay.port, tls: 'none' }) },
  });
  aws = createAwsClients(platform.endpoints);
}, 120_000);

afterAll(async () => {
  aws?.destroy();
  await platform?.close();
  await relay?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** By the recipient's address: `gone` always, whoever is busy for as long as that lasts, `doubt` after the final dot. */
function misbehaviour(): ScriptedRelay['script'] {
  const lastRcpt = new Map<number, string>();
  return {
    rcpt: ({ connection, command }: Turn) => {
      lastRcpt.set(connection, command);
      if (/<gone[a-z-]*@example\.org>/.test(command)) return { reply: '550 5.1.1 user unknown' };
      return [...busy].some((name) => command.includes(`<${name}@`)) ? { reply: '450 4.2.1 mailbox busy' } : undefined;
    },
    final: ({ connection }: Turn) => (lastRcpt.get(connection)?.includes('<doubt@example.org>') ? 'close' : undefined),
  };
}

/** Its return path is an address literal, for which nobody asks the DNS. */
const mailTo = (local: string, changes: object = {}): object => ({
  idempotencyKey: `mail/${local}`,
  from: 'Shop <shop@example.com>',
  to: [`${local}@example.org`],
  subject: `Receipt for ${local}`,
  text: 'Thank you.',
  envelope: { from: `${local}+returns@[127.0.0.1]` },
  ...changes,
});

async function publish(message: object): Promise<void> {
  const QueueUrl = platform.outputs['IntakeQueueUrl'];
  await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }));
}

const takenFor = (address: string): MessageRecord[] =>
  relay.messages.filter(({ taken, recipients }) => taken && recipients.some((line) => line.includes(`<${address}>`)));
const bouncesTo = (local: string): MessageRecord[] => takenFor(`${local}+returns@[127.0.0.1]`);

/** The bounces to the sender of that mail, once there is one. */
async function bounces(local: string): Promise<ParsedReport[]> {
  await vi.waitFor(() => expect(bouncesTo(local).length).toBeGreaterThan(0), { timeout: 20_000 });
  return Promise.all(bouncesTo(local).map(({ body }) => parseReport(body)));
}

/** Nothing is under way any more, so nothing more can come. */
async function emptyQueue(): Promise<void> {
  const { IntakeQueueUrl = '' } = platform.outputs;
  const empty = async () => expect(await queueDepth(aws.sqs, IntakeQueueUrl)).toEqual({ queued: 0, inFlight: 0 });
  await vi.waitFor(empty, { timeout: 20_000, interval: 50 });
}

const date = expect.stringMatching(/^\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/);

/** What every bounce has, whatever it says. */
function expectBounce({ mail, message, statusType, headersType, original }: ParsedReport, local: string): void {
  expect(bouncesTo(local).map((one) => /^MAIL FROM:<>(?= |$)/i.test(one.mail))).not.toContain(false);
  expect(mail.headers.get('content-type')).toMatchObject({
    value: 'multipart/report',
    params: { 'report-type': 'delivery-status' },
  });
  expect(mail.headers.get('auto-submitted')).toBe('auto-replied');
  expect(mail.from?.value).toEqual([{ name: 'Mail Delivery System', address: 'daemon@example.com' }]);
  expect(mail.to).toMatchObject({ text: `${local}+returns@[127.0.0.1]` });
  expect(statusType).toBe('message/delivery-status');
  expect(message).toEqual({
    'original-envelope-id': `mail/${local}`,
    'reporting-mta': 'dns; mail.example.com',
    'arrival-date': date,
  });
  expect(headersType).toBe('text/rfc822-headers');
  expect(original?.subject).toBe(`Receipt for ${local}`);
  expect(original?.messageId).toMatch(/@example\.com>$/);
  expect(mail.inReplyTo).toBe(original?.messageId);
}

const about = (address: string): Readonly<Record<string, string>> => ({
  'original-recipient': `rfc822; ${address}`,
  'final-recipient': `rfc822; ${address}`,
});

describe('a bounce reaches the envelope sender', () => {
  it('of a mail that is refused for one recipient, and says nothing of the other', async () => {
    await publish(mailTo('gone', { to: ['gone@example.org', 'ada@example.org'] }));

    const [bounce] = await bounces('gone');

    if (bounce === undefined) throw new Error('no bounce');
    expectBounce(bounce, 'gone');
    expect(bounce.mail.subject).toBe('Delivery Status Notification (Failure)');
    expect(bounce.recipients).toEqual([
      {
        ...about('gone@example.org'),
        action: 'failed',
        status: '5.1.1',
        'remote-mta': 'x-postroom-relay; primary',
        'diagnostic-code': 'smtp; 550 5.1.1 user unknown',
        'last-attempt-date': date,
      },
    ]);
    expect(bounce.text).toContain('The mail server said: 550 5.1.1 user unknown');
    expect(takenFor('ada@example.org')).toHaveLength(1);
  });

  it('of a mail whose time has passed while its recipient was busy', async () => {
    busy.add('late');
    await publish(mailTo('late', { expiresAt: new Date(Date.now() + 1500).toISOString() }));

    const [bounce] = await bounces('late');

    if (bounce === undefined) throw new Error('no bounce');
    expectBounce(bounce, 'late');
    expect(bounce.recipients).toEqual([
      {
        ...about('late@example.org'),
        action: 'failed',
        status: '5.4.7',
        'remote-mta': 'x-postroom-relay; primary',
        'diagnostic-code': 'smtp; 450 4.2.1 mailbox busy',
        'last-attempt-date': date,
      },
    ]);
  });

  it('of a mail that may have arrived, and must not be sent twice', async () => {
    await publish(mailTo('doubt', { onUncertain: 'hold' }));

    const [bounce] = await bounces('doubt');

    if (bounce === undefined) throw new Error('no bounce');
    expectBounce(bounce, 'doubt');
    expect(bounce.recipients).toEqual([
      {
        ...about('doubt@example.org'),
        action: 'failed',
        status: '5.4.2',
        'remote-mta': 'x-postroom-relay; primary',
        'diagnostic-code': expect.stringMatching(/^x-postroom; final-reply: ./),
        'last-attempt-date': date,
      },
    ]);
    expect(bounce.text).toContain('It may have arrived, or it may not.');
  });

  it('of a late mail once, as a notice, and nothing more when it arrives after all', async () => {
    busy.add('slow');
    const publishedAt = Date.now();
    await publish(mailTo('slow'));
    const [notice] = await bounces('slow');
    busy = new Set();
    await relay.until(() => takenFor('slow@example.org').length === 1);

    if (notice === undefined) throw new Error('no notice');
    expectBounce(notice, 'slow');
    expect(notice.mail.subject).toBe('Delivery Status Notification (Delay)');
    expect(notice.recipients).toEqual([
      {
        ...about('slow@example.org'),
        action: 'delayed',
        status: '4.2.1',
        'remote-mta': 'x-postroom-relay; primary',
        'diagnostic-code': 'smtp; 450 4.2.1 mailbox busy',
        'last-attempt-date': date,
        'will-retry-until': date,
      },
    ]);
    const patienceMs = Date.parse(notice.recipients[0]?.['will-retry-until'] ?? '') - publishedAt;
    expect(Math.abs(patienceMs - 600_000)).toBeLessThan(5000);
    await emptyQueue();
    expect(bouncesTo('slow')).toHaveLength(1);
  });
});

describe('no bounce', () => {
  it.each([
    ['gone-null', 'without a sender', { envelope: { from: '' } }, 'null-sender'],
    ['gone-auto', 'that a machine sent', { headers: { 'Auto-Submitted': 'auto-generated' } }, 'auto-submitted'],
    ['gone-off', 'whose publisher wants none', { bounces: 'off' }, 'switched-off'],
  ])('%s: of a mail %s', async (local, _, changes, why) => {
    const reports = () => relay.messages.filter(({ mail }) => mail.startsWith('MAIL FROM:<>')).length;
    const before = reports();
    await publish(mailTo(local, changes));

    const decided = { key: `mail/${local}`, outcome: 'failed, suppressed', message: why };
    await vi.waitFor(() => expect(records).toContainEqual(expect.objectContaining(decided)), { timeout: 20_000 });
    await emptyQueue();

    expect(reports()).toBe(before);
  });
});
