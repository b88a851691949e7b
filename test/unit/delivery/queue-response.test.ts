import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disposed } from '../../../lib/delivery/batch.ts';
import type { Disposition, ReceivedMessage } from '../../../lib/delivery/ports.ts';
import { respond } from '../../../lib/delivery/queue-response.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const hour = 3_600_000;

interface ChangeRequest {
  readonly QueueUrl: string;
  readonly Entries: readonly {
    readonly Id: string;
    readonly ReceiptHandle: string;
    readonly VisibilityTimeout: number;
  }[];
}

/** What SQS answers: the body of its reply, `down`, or nothing. */
type Answer = (request: ChangeRequest) => object | 'down' | 'silence';

let server: Server;
let client: SQSClient;
let answer: Answer;
let asked: ChangeRequest[];
let refused: [messageId: string, why: string][];

beforeEach(async () => {
  asked = [];
  refused = [];
  server = createServer(async (request, response) => {
    const change: ChangeRequest = JSON.parse(await text(request));
    asked.push(change);
    const reply = answer(change);
    if (reply === 'silence') return;
    response.writeHead(reply === 'down' ? 503 : 200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(reply === 'down' ? { __type: 'ServiceUnavailable', message: 'down' } : reply));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  client = new SQSClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    useQueueUrlAsEndpoint: false,
    maxAttempts: 1,
  });
});
afterEach(async () => {
  client.destroy();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function message(index: number): ReceivedMessage {
  return { messageId: `message-${index}`, receiptHandle: `handle-${index}`, body: '{}', receives: 1, sentAt: now };
}

function run(dispositions: readonly (Disposition | undefined)[], reply: Answer = () => ({}), receivedAt = now) {
  answer = reply;
  const batch = dispositions.map((_, index) => message(index));
  const disposed: Disposed[] = dispositions.flatMap((disposition, index) =>
    disposition === undefined ? [] : [{ received: message(index), disposition }],
  );
  return respond(batch, disposed, {
    client,
    queueUrl: 'http://127.0.0.1/queue',
    clock: { now: () => now },
    receivedAt,
    deadline: now + 100,
    onRefused: (messageId, why) => refused.push([messageId, why]),
  });
}

function named(...indices: number[]) {
  return { batchItemFailures: indices.map((index) => ({ itemIdentifier: `message-${index}` })) };
}

const done: Disposition = { kind: 'delete' };
const inAMinute: Disposition = { kind: 'return', visibleAt: now + 60_000 };

describe('the batch response', () => {
  it('names what stays in the queue and leaves out what is done', async () => {
    expect(await run([done, inAMinute, done, { kind: 'return' }])).toEqual(named(1, 3));
  });

  it('names what nobody said anything about', async () => {
    expect(await run([done, undefined])).toEqual(named(1));
  });

  it('costs no request when everything is done', async () => {
    expect(await run([done, done])).toEqual({ batchItemFailures: [] });
    expect(asked).toEqual([]);
  });

  it('leaves the default alone where no time was given', async () => {
    await run([{ kind: 'return' }]);

    expect(asked).toEqual([]);
  });

  it('has the visibility changed before it names the message', async () => {
    const order: string[] = [];
    const response = run([inAMinute], () => {
      order.push('visibility');
      return {};
    });
    await response.then(() => order.push('response'));

    expect(order).toEqual(['visibility', 'response']);
    expect(asked).toMatchObject([
      {
        QueueUrl: 'http://127.0.0.1/queue',
        Entries: [{ ReceiptHandle: 'handle-0', VisibilityTimeout: 60 }],
      },
    ]);
  });
});

describe('the visibility asked for', () => {
  const seconds = async (visibleAt: number, receivedAt = now) => {
    await run([{ kind: 'return', visibleAt }], () => ({}), receivedAt);
    return asked[0]?.Entries[0]?.VisibilityTimeout;
  };

  it('is in whole seconds, late rather than early', async () => {
    expect(await seconds(now + 1_001)).toBe(2);
  });

  it('is zero for what is due already', async () => {
    expect(await seconds(now - 5_000)).toBe(0);
  });

  it('stays within 12 hours from the receive', async () => {
    expect(await seconds(now + 13 * hour, now - 60_000)).toBe(12 * 3600 - 60);
  });
});

describe('more than ten messages', () => {
  it('are changed ten at a time, each once', async () => {
    const response = await run(Array(25).fill(inAMinute));

    expect(response.batchItemFailures).toHaveLength(25);
    expect(asked.map(({ Entries }) => Entries.length)).toEqual([10, 10, 5]);
    expect(new Set(asked.flatMap(({ Entries }) => Entries.map((entry) => entry.ReceiptHandle))).size).toBe(25);
    for (const { Entries } of asked) expect(new Set(Entries.map(({ Id }) => Id)).size).toBe(Entries.length);
  });
});

describe('a visibility change that SQS refuses', () => {
  it('for one message is told, and all are named as before', async () => {
    const response = await run([inAMinute, done, inAMinute], ({ Entries }) => ({
      Failed: [{ Id: Entries[1]?.Id, SenderFault: true, Code: 'ReceiptHandleIsInvalid', Message: 'gone' }],
    }));

    expect(response).toEqual(named(0, 2));
    expect(refused).toEqual([['message-2', 'ReceiptHandleIsInvalid: gone']]);
  });

  it('for all of a request is told of each, and the other requests are made', async () => {
    const response = await run(Array(12).fill(inAMinute), () => (asked.length === 1 ? 'down' : {}));

    expect(response.batchItemFailures).toHaveLength(12);
    expect(refused).toHaveLength(10);
    expect(refused[0]).toEqual(['message-0', 'down']);
    expect(asked).toHaveLength(2);
  });
});

describe('an SQS that does not answer', () => {
  it('does not keep the response: all changes together have the time that is left', async () => {
    const response = await run(Array(12).fill(inAMinute), () => 'silence');

    expect(response.batchItemFailures).toHaveLength(12);
    expect(refused).toHaveLength(12);
    expect(asked).toHaveLength(1);
  });
});
