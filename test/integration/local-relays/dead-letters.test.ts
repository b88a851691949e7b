import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { peekDeadLetters } from '../../../local/commands/dead-letters.ts';
import { movedBySqs } from '../../../ops/dlq/entry.ts';

let app: ReturnType<typeof buildApp>;
let sqs: SQSClient;
let queueUrl: string;

beforeEach(async () => {
  app = buildApp({ logger: false });
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  sqs = new SQSClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    useQueueUrlAsEndpoint: false,
  });
  queueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'dlq' }))).QueueUrl ?? '';
});
afterEach(async () => {
  sqs.destroy();
  await app.close();
});

const text = (value: string) => ({ DataType: 'String', StringValue: value });

describe('looking through the dead-letter queue', () => {
  it('shows every entry and leaves all of them there', async () => {
    for (let index = 0; index < 23; index += 1) {
      await sqs.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: String(index),
          MessageAttributes: {
            reason: text('rejected'),
            detail: text(JSON.stringify({ message: `entry ${index}` })),
            sourceMessageId: text(`source-${index}`),
          },
        }),
      );
    }

    const entries = await peekDeadLetters(sqs, queueUrl);
    const again = await peekDeadLetters(sqs, queueUrl);

    expect(entries.map(({ body }) => Number(body)).sort((a, b) => a - b)).toEqual([...Array(23).keys()]);
    expect(again).toHaveLength(23);
    expect(entries.find(({ body }) => body === '7')).toMatchObject({
      reason: 'rejected',
      detail: { message: 'entry 7' },
      key: 'source-7',
      sourceMessageId: 'source-7',
    });
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    expect(Attributes).toEqual({ ApproximateNumberOfMessages: '23' });
  });

  it('copes with entries that SQS moved by itself, and with a detail that is no JSON', async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'moved' }));
    await sqs.send(
      new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'odd', MessageAttributes: { detail: text('odd') } }),
    );
    const entries = await peekDeadLetters(sqs, queueUrl);
    expect(entries.find(({ body }) => body === 'moved')).toMatchObject({ reason: movedBySqs, detail: {} });
    expect(entries.find(({ body }) => body === 'odd')?.detail).toEqual({ message: 'odd' });
  });
});
