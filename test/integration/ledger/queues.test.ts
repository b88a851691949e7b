import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { directEntry } from '../../../lib/dead-letter/entry.ts';
import { sqsDeadLetterQueue } from '../../../lib/dead-letter/sqs-queue.ts';
import type { Disposition, ReceivedMessage } from '../../../lib/delivery/ports.ts';
import { respond } from '../../../lib/delivery/queue-response.ts';
import { type Emulators, startEmulators } from '../../../local/platform/emulators.ts';
import { accept, unknownUser } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

let emulators: Emulators;
let client: SQSClient;
let queueUrl: string;
let queues = 0;

beforeAll(async () => {
  emulators = await startEmulators();
  const { sqs, region, accessKeyId, secretAccessKey } = emulators.endpoints;
  client = new SQSClient({
    endpoint: sqs,
    region,
    credentials: { accessKeyId, secretAccessKey },
    useQueueUrlAsEndpoint: false,
  });
});
afterAll(async () => {
  client.destroy();
  await emulators.close();
});
beforeEach(async () => {
  queues += 1;
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName: `queue-${queues}`, Attributes: { VisibilityTimeout: '1080' } }),
  );
  queueUrl = QueueUrl;
});

async function receive(): Promise<Message[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

async function publish(body: string): Promise<void> {
  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
}

function asReceived({ MessageId = '', ReceiptHandle = '', Body = '' }: Message): ReceivedMessage {
  return { messageId: MessageId, receiptHandle: ReceiptHandle, body: Body, receives: 1, sentAt: 0 };
}

function attributesOf({ MessageAttributes = {} }: Message): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]));
}

describe('the dead-letter queue', () => {
  it('holds the body untouched, and the attributes of the contract as strings', async () => {
    const stage = new Stage();
    stage.answers['primary'] = [accept({ 'ada@example.org': unknownUser })];
    stage.publish(mail());
    const [published] = stage.world.queue.values();

    await stage.invoke({ ports: { deadLetters: sqsDeadLetterQueue(client, queueUrl) } });

    const [entry = {}] = await receive();
    expect(entry.Body).toBe(published?.body);
    expect(attributesOf(entry)).toEqual({
      reason: 'rejected',
      detail: expect.stringContaining('"5.1.1"'),
      idempotencyKey: 'order-1',
      deadLetterId: Object.keys(stage.item('order-1').deadLetters)[0],
      attempts: '1',
      firstSeenAt: '2026-01-01T00:00:00.000Z',
      failedAt: '2026-01-01T00:00:00.000Z',
      sourceMessageId: published?.messageId,
    });
    for (const { DataType } of Object.values(entry.MessageAttributes ?? {})) expect(DataType).toBe('String');
  });

  it('takes an entry that is redriven as it stands: attributes come back, its recipients are sent to', async () => {
    const stage = new Stage();
    stage.answers['primary'] = [accept({ 'ada@example.org': unknownUser })];
    stage.publish(mail({ to: ['ada@example.org', 'bob@example.net'] }));
    await stage.invoke({ ports: { deadLetters: sqsDeadLetterQueue(client, queueUrl) } });
    const [entry = {}] = await receive();
    const { idempotencyKey = '', deadLetterId = '' } = attributesOf(entry);

    stage.publish(JSON.parse(entry.Body ?? ''), { idempotencyKey, deadLetterId });
    await stage.invoke();

    expect(stage.sent.map(({ to }) => to)).toEqual([['ada@example.org', 'bob@example.net'], ['ada@example.org']]);
  });

  it('takes a body as large as SQS itself takes', async () => {
    const body = 'x'.repeat(1024 * 1024);
    const received = { messageId: 'message-1', receiptHandle: 'h', body, receives: 1, sentAt: 0 };

    await sqsDeadLetterQueue(client, queueUrl).send(directEntry(received, { reason: 'malformed' }, 0));

    const [entry = {}] = await receive();
    expect(entry.Body).toBe(body);
  });

  it('takes whatever characters a reply holds', async () => {
    const received = { messageId: 'message-1', receiptHandle: 'h', body: '{}', receives: 1, sentAt: 0 };
    const message = 'a\u0000\u001b\ud800\uffff"€😀';

    await sqsDeadLetterQueue(client, queueUrl).send(directEntry(received, { reason: 'malformed', message }, 0));

    const [entry = {}] = await receive();
    expect(JSON.parse(attributesOf(entry)['detail'] ?? '')).toEqual({ message: expect.stringMatching(/^a.*"€😀$/s) });
  });

  it('that does not answer is an error within the time it has', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const received = { messageId: 'message-1', receiptHandle: 'h', body: '{}', receives: 1, sentAt: 0 };
    const { region, credentials } = client.config;
    const hanging = new SQSClient({
      endpoint: `http://127.0.0.1:${port}`,
      region,
      credentials,
      useQueueUrlAsEndpoint: false,
    });

    const sending = sqsDeadLetterQueue(hanging, queueUrl, 100).send(directEntry(received, { reason: 'malformed' }, 0));

    await expect(sending).rejects.toThrow();
    hanging.destroy();
    silent.closeAllConnections();
    silent.close();
  });

  it('that does not exist is an error: the message stays where it is', async () => {
    const nowhere = sqsDeadLetterQueue(client, `${queueUrl}-nowhere`);
    const stage = new Stage();
    stage.publish({ nonsense: true });

    await stage.invoke({ ports: { deadLetters: nowhere } });

    expect(stage.told('service-unavailable')).toMatchObject([{ service: 'dead-letter-queue' }]);
    expect(stage.world.queue.size).toBe(1);
  });
});

describe('the batch response', () => {
  const refused: [string, string][] = [];

  beforeEach(() => {
    refused.length = 0;
  });

  /** What the sender does, and then what the event source mapping does: it deletes what is not named. */
  async function respondTo(messages: readonly Message[], dispositions: readonly Disposition[]): Promise<string[]> {
    const batch = messages.map(asReceived);
    const now = Date.now();
    const { batchItemFailures } = await respond(
      batch,
      batch.flatMap((received, index) => {
        const disposition = dispositions[index];
        return disposition === undefined ? [] : [{ received, disposition }];
      }),
      {
        client,
        queueUrl,
        clock: { now: () => now },
        receivedAt: now,
        deadline: now + 60_000,
        onRefused: (messageId, why) => refused.push([messageId, why]),
      },
    );
    const named = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    for (const { messageId, receiptHandle } of batch) {
      if (named.includes(messageId)) continue;
      await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }));
    }
    return named;
  }

  it('really changes the visibility of what it returns, and of nothing else', async () => {
    for (const body of ['done', 'now', 'later', 'default']) await publish(body);
    const messages = await receive();
    const at = { done: undefined, now: 0, later: Date.now() + 3_600_000, default: undefined };
    const dispositionOf = ({ Body }: Message): Disposition => {
      if (Body === 'done') return { kind: 'delete' };
      return Body === 'default'
        ? { kind: 'return' }
        : { kind: 'return', visibleAt: Body === 'now' ? at.now : at.later };
    };

    const named = await respondTo(messages, messages.map(dispositionOf));

    expect(named).toHaveLength(3);
    expect(refused).toEqual([]);
    expect((await receive()).map(({ Body }) => Body)).toEqual(['now']);
  });

  it('visibility change refused', async () => {
    for (const body of ['first', 'second']) await publish(body);
    const [first = {}, second = {}] = await receive();
    // Somebody else got rid of the first one meanwhile: SQS knows its receipt no more.
    await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: first.ReceiptHandle ?? '' }));

    const named = await respondTo(
      [{ ...first, ReceiptHandle: 'no such receipt' }, second],
      [
        { kind: 'return', visibleAt: 0 },
        { kind: 'return', visibleAt: 0 },
      ],
    );

    expect(named).toEqual([first.MessageId, second.MessageId]);
    expect(refused).toMatchObject([[first.MessageId, expect.stringMatching(/ReceiptHandle|Invalid/)]]);
    // The neighbour's change was taken all the same.
    expect((await receive()).map(({ Body }) => Body)).toEqual(['second']);
  });

  it('asks for a time that SQS takes, however far away the mail is due', async () => {
    await publish('far away');
    const messages = await receive();

    await respondTo(messages, [{ kind: 'return', visibleAt: Date.now() + 14 * 24 * 3_600_000 }]);

    expect(refused).toEqual([]);
    const [{ ReceiptHandle = '' } = {}] = messages;
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    expect(await receive()).toHaveLength(1);
  });
});
