import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { drainDeadLetters } from '../../bench/chaos/evidence.ts';
import { dynamoDbLedger } from '../../lib/ledger/dynamodb-store.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import {
  type MessageRecord,
  type ScriptedRelay,
  type ScriptPhase,
  startScriptedRelay,
  type Turn,
} from '../support/scripted-relay.ts';
import { createCertificates, type TestCertificates } from '../support/tls.ts';
import { type GatedStack, startGatedStack } from './support/gated-stack.ts';

const bucket = 'allowed-attachments';
/**
 * Phases in which a relay can fall silent; each has a relay of its own, which alone takes that sender domain. A stage has
 * at most ten relays, and RCPT is waited for together with MAIL.
 */
const stalls = ['greeting', 'ehlo', 'starttls', 'tls', 'auth', 'mail', 'data', 'body', 'final'] as const;
const domainOf = (phase: ScriptPhase): string => `${phase}.example`;

/** Commands may take longer than an invocation has left, so that only its deadline can end a stall. */
const config = {
  relays: {
    primary: { fromDomains: ['sender.example'] },
    ...Object.fromEntries(stalls.map((phase) => [phase, { fromDomains: [domainOf(phase)] }])),
  },
  allowedFromDomains: ['sender.example', ...stalls.map(domainOf)],
  attachmentBuckets: [bucket],
  sender: { maxConcurrency: 2, timeoutSeconds: 18 },
  smtp: { connectSeconds: 2, greetingSeconds: 3, commandSeconds: 15, finalReplySeconds: 3 },
  retry: { baseSeconds: 1, maxSeconds: 2, jitter: 0 },
};

const login = { user: 'postroom', password: 'first' };
const relays = new Map<string, ScriptedRelay>();
const problems: string[] = [];
let certificates: TestCertificates;
let stack: GatedStack;

beforeAll(async () => {
  certificates = await createCertificates();
  for (const name of Object.keys(config.relays)) {
    const tls = { mode: 'starttls', ...certificates.right } as const;
    relays.set(name, await startScriptedRelay({ tls, auth: ['PLAIN'], login }));
  }
  const secrets = Object.fromEntries([...relays].map(([name, relay]) => [name, secretFor(relay)]));
  stack = await startGatedStack({
    config,
    secrets,
    visibilitySeconds: 30,
    onProblem: (message) => problems.push(message),
  });
}, 60_000);

afterAll(async () => {
  await stack?.close();
  await Promise.all([...relays.values()].map((relay) => relay.close()));
});

function relayNamed(name: string): ScriptedRelay {
  const relay = relays.get(name);
  if (relay === undefined) throw new Error(`no relay ${name}`);
  return relay;
}

function secretFor({ host, port }: ScriptedRelay): object {
  const { user: username, password } = login;
  return { host, port, tls: 'starttls', username, password, ca: certificates.ca, servername: 'localhost' };
}

function mail(key: string, fields: object = {}): string {
  const defaults = { from: 'shop@sender.example', to: [`${key}@example.org`], subject: key, text: 'Hello' };
  return JSON.stringify({ idempotencyKey: key, ...defaults, ...fields });
}

async function publish(bodies: readonly string[]): Promise<void> {
  const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  await stack.aws.sqs.send(new SendMessageBatchCommand({ QueueUrl: stack.outputs['IntakeQueueUrl'], Entries }));
}

function settled(key: string): Promise<LedgerItem> {
  const ledger = dynamoDbLedger(stack.aws.dynamodb, stack.outputs['LedgerTableName'] ?? '');
  return vi.waitFor(
    async () => {
      const item = await ledger.read(key);
      if (item?.state !== 'settled') throw new Error(`${key} is ${item?.state ?? 'unknown'}`);
      return item;
    },
    { timeout: 25_000, interval: 100 },
  );
}

function takenBy(relay: ScriptedRelay, address: string): readonly MessageRecord[] {
  return relay.messages.filter(({ taken, recipients }) => taken && recipients.some((to) => to.includes(address)));
}

function deadLetters() {
  return drainDeadLetters(stack.aws.sqs, stack.outputs['DeadLetterQueueUrl'] ?? '');
}

describe('through the deployed bundle', () => {
  it('a malformed message among nine others delays and fails none of them', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `neighbour-${index}`);
    const bodies = names.map((name) => mail(name));
    await publish([...bodies.slice(0, 4), mail('broken', { subjekt: 'a typo' }), ...bodies.slice(4)]);

    for (const name of names) expect(await settled(name)).toMatchObject({ attempts: 1, crashes: 0 });
    for (const name of names) expect(takenBy(relayNamed('primary'), name)).toHaveLength(1);
    await vi.waitFor(async () => expect(await deadLetters()).toMatchObject([{ reason: 'malformed' }]), 10_000);
  });

  it('the relay is spoken to over STARTTLS with a private CA, and logged in to', async () => {
    await publish([mail('secure')]);
    await settled('secure');

    const [message] = takenBy(relayNamed('primary'), 'secure');
    const connection = relayNamed('primary').connections[(message?.connection ?? 0) - 1];
    expect(connection).toMatchObject({ tls: { protocol: 'TLSv1.3' }, authenticatedAs: 'postroom' });
    expect(connection?.commands[1]).toBe('STARTTLS');
  });

  it('an SNS notification is a mail, known by its MessageId', async () => {
    const { sns } = stack.aws;
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'orders' }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: stack.outputs['IntakeQueueArn'] }));
    const order = { from: 'shop@sender.example', to: ['sns@example.org'], subject: 'sns', text: 'Hello' };

    const { MessageId = '' } = await sns.send(new PublishCommand({ TopicArn, Message: JSON.stringify(order) }));

    expect(await settled(MessageId)).toMatchObject({ attempts: 1 });
    expect(takenBy(relayNamed('primary'), 'sns@')).toHaveLength(1);
  });

  it('an attachment comes from an allowed bucket, and from no other', async () => {
    const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 256));
    for (const Bucket of [bucket, 'other-bucket']) {
      await stack.aws.s3.send(new CreateBucketCommand({ Bucket }));
      await stack.aws.s3.send(new PutObjectCommand({ Bucket, Key: 'a/b.bin', Body: content }));
    }
    const from = (name: string) => ({ attachments: [{ filename: 'b.bin', s3: { bucket: name, key: 'a/b.bin' } }] });

    await publish([mail('attached', from(bucket)), mail('forbidden', from('other-bucket'))]);

    await settled('attached');
    const [message] = takenBy(relayNamed('primary'), 'attached');
    const { attachments } = await simpleParser(message?.body ?? '');
    expect(attachments[0]?.content).toEqual(content);
    await vi.waitFor(async () => expect(await deadLetters()).toMatchObject([{ reason: 'not-allowed' }]), 10_000);
    expect(takenBy(relayNamed('primary'), 'forbidden')).toEqual([]);
  });

  it('a rotated password is picked up with the first login that the old one fails', async () => {
    const relay = relayNamed('primary');
    await publish([mail('before-rotation')]);
    await settled('before-rotation');
    login.password = 'second';
    await stack.setSecret('primary', secretFor(relay));
    // Frozen, the sender cannot answer a FIN.
    relay.dropConnections('reset');
    await relay.until(({ connections }) => connections.every(({ open }) => !open));

    await publish([mail('after-rotation')]);

    expect(await settled('after-rotation')).toMatchObject({ attempts: 1, crashes: 0 });
    expect(takenBy(relay, 'after-rotation')).toHaveLength(1);
    expect(await deadLetters()).toEqual([]);
  });

  it('a relay that falls silent costs the invocation no more than its time, and the mail is tried again', async () => {
    login.password = 'first';
    for (const phase of stalls) {
      relayNamed(phase).script = { [phase]: ({ connection }: Turn) => (connection === 1 ? 'stall' : undefined) };
    }
    await publish(stalls.map((phase) => mail(`stall-${phase}`, { from: `shop@${domainOf(phase)}` })));

    // A mail as small as this has left with its final dot when the relay stops reading its body.
    const inDoubt: readonly ScriptPhase[] = ['body', 'final'];
    for (const phase of stalls) {
      const item = await settled(`stall-${phase}`);
      const address = `stall-${phase}@example.org`;
      expect(item.recipients[address]?.status, phase).toBe('accepted');
      expect(item.recipients[address]?.doubts ?? 0, phase).toBe(inDoubt.includes(phase) ? 1 : 0);
      expect(item.crashes, phase).toBe(0);
      expect(takenBy(relayNamed(phase), address), phase).toHaveLength(1);
    }
    // An invocation that runs into its time-out is killed, and said so.
    expect(problems).toEqual([]);
  }, 60_000);

  it('a process that Lambda ends says QUIT to its relays, frozen or not', async () => {
    const relay = relayNamed('primary');
    await publish([mail('farewell')]);
    await settled('farewell');
    const [message] = takenBy(relay, 'farewell');

    await stack.endAll();

    expect(relay.connections[(message?.connection ?? 0) - 1]).toMatchObject({ quit: true });
  });
});
