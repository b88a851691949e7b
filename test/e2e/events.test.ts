import { readFileSync } from 'node:fs';
import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { schemaFileOf } from '../../docs/events/generate.ts';
import { outcomeTypes } from '../../lib/contracts/outcome-events.ts';
import { queueDepth } from '../../local/commands/progress.ts';
import { type ScriptedRelay, startScriptedRelay, type Turn } from '../support/scripted-relay.ts';
import { type EventsStack, startEventsStack } from './support/events-stack.ts';
import type { Call } from './support/gate.ts';

/** Everything that a stage can have switched on. */
const config = {
  relays: { primary: { allowPlaintext: true, maxConnections: 60 } },
  sender: { maxConcurrency: 2, timeoutSeconds: 20 },
  smtp: { connectSeconds: 1, greetingSeconds: 1, commandSeconds: 5, finalReplySeconds: 5 },
  retry: { baseSeconds: 1, maxSeconds: 2, jitter: 0 },
  breaker: { failureThreshold: 1000 },
  bounces: { mode: 'dsn' },
  events: { busName: 'outcomes' },
};

interface Told {
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>> & { readonly idempotencyKey: string; readonly eventId: string };
}

let relay: ScriptedRelay;
let stack: EventsStack;
const told: Told[] = [];
let refusing = true;

beforeAll(async () => {
  relay = await startScriptedRelay({ script: misbehaviour() });
  const secret = { host: relay.host, port: relay.port, tls: 'none' };
  stack = await startEventsStack(config, { primary: secret });
}, 120_000);

afterAll(async () => {
  await stack?.close();
  await relay?.close();
});

/** By the recipient's address: `busy` once, `gone` until told otherwise, `doubt` after the final dot. */
function misbehaviour(): ScriptedRelay['script'] {
  const busy = new Set<string>();
  const lastRcpt = new Map<number, string>();
  return {
    rcpt: ({ connection, command }: Turn) => {
      lastRcpt.set(connection, command);
      if (command.includes('gone') && refusing) return { reply: '550 5.1.1 user unknown' };
      if (!command.includes('busy') || busy.has(command)) return undefined;
      busy.add(command);
      return { reply: '450 4.2.1 mailbox busy' };
    },
    final: ({ connection }: Turn) => (lastRcpt.get(connection)?.includes('doubt') ? 'close' : undefined),
  };
}

const mailTo = (address: string, changes: object = {}): object => ({
  idempotencyKey: `mail/${address}`,
  from: 'shop@example.com',
  to: [`${address}@example.org`],
  subject: 'Your receipt',
  text: 'Hello',
  tags: { campaign: 'november' },
  // Nobody is to be told by mail: that would ask the network for the return path.
  headers: { 'Auto-Submitted': 'auto-generated' },
  ...changes,
});

async function publish(message: object): Promise<void> {
  const QueueUrl = stack.outputs['IntakeQueueUrl'];
  await stack.aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }));
}

async function take(QueueUrl: string, WaitTimeSeconds = 1): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    WaitTimeSeconds,
    MaxNumberOfMessages: 10,
    MessageAttributeNames: ['All'],
  });
  const { Messages = [] } = await stack.aws.sqs.send(command);
  for (const { ReceiptHandle } of Messages) {
    await stack.aws.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  return Messages;
}

const eventsOf = (address: string): Told[] => told.filter(({ detail }) => detail.idempotencyKey === `mail/${address}`);
const typesOf = (address: string): string[] => eventsOf(address).map((event) => event['detail-type']);

async function hear(): Promise<void> {
  for (const { Body = '{}' } of await take(stack.allUrl)) told.push(JSON.parse(Body));
}

/** Waits until the mail has these events, in this order. */
async function untilTold(address: string, ...types: readonly string[]): Promise<Told[]> {
  await vi.waitFor(
    async () => {
      if (typesOf(address).join() === types.join()) return;
      await hear();
      expect(typesOf(address)).toEqual(types);
    },
    { timeout: 40_000, interval: 50 },
  );
  return eventsOf(address);
}

/** The ledger's write of that mail in that state. */
const ledgerWrite =
  (address: string, state: string) =>
  ({ action, body }: Call): boolean => {
    if (action !== 'PutItem') return false;
    const { Item } = JSON.parse(body);
    return Item.key?.S === `mail/${address}` && Item.state?.S === state;
  };

describe('outcome events', () => {
  it('of a delivered mail: one, exact', async () => {
    await publish(mailTo('ada'));
    const [event] = await untilTold('ada', 'Email Delivered');

    const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(event).toEqual({
      version: '0',
      id: expect.any(String),
      'detail-type': 'Email Delivered',
      source: 'postroom',
      account: '000000000000',
      time: expect.any(String),
      region: 'us-east-1',
      resources: [],
      detail: {
        version: 1,
        eventId: expect.stringMatching(/^[0-9a-f]{32}$/),
        stage: 'test',
        idempotencyKey: 'mail/ada',
        tags: { campaign: 'november' },
        at: iso,
        firstSeenAt: iso,
        attempts: 1,
        recipients: [
          {
            address: 'ada@example.org',
            at: iso,
            relay: 'primary',
            code: 250,
            enhancedCode: '2.0.0',
            reply: 'queued as 1',
          },
        ],
      },
    });
  });

  it('of a deferred mail: the delay, then the delivery', async () => {
    await publish(mailTo('busy'));
    const [delayed, delivered] = await untilTold('busy', 'Email Delayed', 'Email Delivered');

    expect(delayed?.detail).toMatchObject({
      attempts: 1,
      nextAttemptAt: expect.any(String),
      recipients: [{ code: 450, enhancedCode: '4.2.1', reply: 'mailbox busy', phase: 'rcpt' }],
    });
    expect(delivered?.detail['attempts']).toBe(2);
  });

  it('of a mail with several fates: each recipient in the event it belongs to', async () => {
    await publish(mailTo('several', { to: ['eve@example.org', 'gone-2@example.org'] }));
    const [delivered, failed] = await untilTold('several', 'Email Delivered', 'Email Failed');

    expect(delivered?.detail['recipients']).toMatchObject([{ address: 'eve@example.org' }]);
    expect(failed?.detail['recipients']).toMatchObject([{ address: 'gone-2@example.org', code: 550 }]);
  });

  it('of a refused mail: the failure, a ticket by the example, and the delivery after a redrive', async () => {
    await publish(mailTo('gone'));
    const [failed] = await untilTold('gone', 'Email Failed');
    expect(failed?.detail).toMatchObject({ reason: 'rejected', recipients: [{ code: 550, enhancedCode: '5.1.1' }] });

    const tickets = await take(stack.ticketsUrl, 10);
    expect(tickets.map(({ Body = '{}' }) => JSON.parse(Body))).toContainEqual(failed);

    refusing = false;
    const entries = await take(stack.outputs['DeadLetterQueueUrl'] ?? '', 10);
    const entry = entries.find(({ Body }) => Body?.includes('"mail/gone"'));
    const { deadLetterId, idempotencyKey } = entry?.MessageAttributes ?? {};
    expect(failed?.detail['deadLetterId']).toBe(deadLetterId?.StringValue);
    const MessageAttributes = {
      deadLetterId: { DataType: 'String', StringValue: deadLetterId?.StringValue },
      idempotencyKey: { DataType: 'String', StringValue: idempotencyKey?.StringValue },
    };
    const QueueUrl = stack.outputs['IntakeQueueUrl'];
    await stack.aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: entry?.Body, MessageAttributes }));

    await untilTold('gone', 'Email Failed', 'Email Delivered');
  });

  it('of a mail in doubt that must not be sent twice: uncertain', async () => {
    await publish(mailTo('doubt', { onUncertain: 'hold' }));
    const [uncertain] = await untilTold('doubt', 'Email Uncertain');

    expect(uncertain?.detail).toMatchObject({ reason: 'uncertain', recipients: [{ phase: 'final-reply' }] });
  });

  it('are not lost when the sender dies right after it settled', async () => {
    const settled = stack.dynamodb.hold({ at: 'reply', matches: ledgerWrite('settle-and-die', 'settled') });
    await publish(mailTo('settle-and-die'));
    await settled;
    await stack.kill('Sender');
    stack.dynamodb.open();

    await untilTold('settle-and-die', 'Email Delivered');
    const { IntakeQueueUrl = '' } = stack.outputs;
    await vi.waitFor(
      async () => expect(await queueDepth(stack.aws.sqs, IntakeQueueUrl)).toEqual({ queued: 0, inFlight: 0 }),
      { timeout: 30_000, interval: 100 },
    );
    await hear();
    expect(typesOf('settle-and-die')).toEqual(['Email Delivered']);
  });

  it.each(['request', 'reply'] as const)(
    'come when the publisher dies at PutEvents (%s), repeats with one id',
    async (at) => {
      const address = `publisher-dies-${at}`;
      const held = stack.eventBridge.hold({ at, matches: ({ body }) => body.includes(address) });
      await publish(mailTo(address));
      await held;
      await stack.kill('Events');
      stack.eventBridge.open();

      const repeats = at === 'reply' ? ['Email Delivered', 'Email Delivered'] : ['Email Delivered'];
      const events = await untilTold(address, ...repeats);
      expect(new Set(events.map(({ detail }) => detail.eventId)).size).toBe(1);
    },
  );

  it('of every type are what the committed schemas say', () => {
    const ajv = new Ajv2020({
      strict: false,
      formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) },
    });
    for (const type of outcomeTypes) {
      const validate = ajv.compile(JSON.parse(readFileSync(schemaFileOf(type), 'utf8')));
      const events = told.filter((event) => event['detail-type'] === type);
      expect(events.length).toBeGreaterThan(0);
      for (const event of events) expect(validate(event) ? [] : validate.errors).toEqual([]);
    }
  });
});

describe('the cost of a mail', () => {
  const mailCount = 60;

  it('with everything switched on: two writes, and nothing read by the sender', async () => {
    const { LedgerTableName, IntakeQueueUrl = '' } = stack.outputs;
    const empty = async () =>
      expect(await queueDepth(stack.aws.sqs, IntakeQueueUrl)).toEqual({ queued: 0, inFlight: 0 });
    await vi.waitFor(empty, { timeout: 30_000 });
    const seen = stack.dynamodb.calls.length;
    for (let start = 0; start < mailCount; start += 10) {
      const Entries = Array.from({ length: 10 }, (_, index) => {
        return { Id: String(index), MessageBody: JSON.stringify(mailTo(`cost-${start + index}`)) };
      });
      await stack.aws.sqs.send(new SendMessageBatchCommand({ QueueUrl: IntakeQueueUrl, Entries }));
    }
    await vi.waitFor(empty, { timeout: 30_000 });

    const ledger = stack.dynamodb.calls.slice(seen).filter(({ body }) => body.includes(`"${LedgerTableName}"`));
    const actions = Object.groupBy(ledger, ({ action }) => action);
    expect(Object.keys(actions)).toEqual(['PutItem']);
    expect(ledger).toHaveLength(2 * mailCount);
    // None of these writes touches the index of unfinished mail.
    for (const { body } of ledger) expect(Object.keys(JSON.parse(body).Item)).not.toContain('dueAt');
    // An event each, all the same, in fewer calls than mails.
    for (let index = 0; index < mailCount; index += 1) await untilTold(`cost-${index}`, 'Email Delivered');
  }, 60_000);
});
