import { type MessageAttributeValue, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DeadLetterEntry, DeadLetterQueue } from '../delivery/ports.ts';

/** SQS counts body, attribute names, types and values together. */
const maxMessageBytes = 1024 * 1024;

/** In the order in which they are given up when the body leaves no room for all of them. */
const expendable = ['detail', 'sourceMessageId', 'failedAt', 'firstSeenAt', 'attempts'] as const;

/** All tries of one entry. The settling reserve of an invocation must outlast them when SQS hangs. */
const patienceMs = 4000;

/** The dead-letter queue on SQS. Rejects when SQS did not take the entry within that many milliseconds. */
export function sqsDeadLetterQueue(client: SQSClient, queueUrl: string, withinMs = patienceMs): DeadLetterQueue {
  return {
    async send(entry) {
      await client.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: entry.body,
          MessageAttributes: messageAttributes(fitted(entry)),
        }),
        { abortSignal: AbortSignal.timeout(withinMs) },
      );
    },
  };
}

/** A body near SQS's own limit must still reach the dead-letter queue: better with fewer attributes than not at all. */
export function fitted({ body, attributes }: DeadLetterEntry): Readonly<Record<string, string>> {
  const kept = new Map(Object.entries(attributes).filter(([, value]) => value !== ''));
  const bodyBytes = Buffer.byteLength(body);
  const fits = (): boolean => bodyBytes + attributeBytes(kept) <= maxMessageBytes;
  for (const name of expendable) {
    if (fits()) break;
    kept.delete(name);
  }
  for (const name of ['deadLetterId', 'idempotencyKey', 'reason']) {
    if (fits()) break;
    kept.delete(name);
  }
  return Object.fromEntries(kept);
}

function attributeBytes(attributes: ReadonlyMap<string, string>): number {
  let total = 0;
  for (const [name, value] of attributes) total += Buffer.byteLength(name) + 'String'.length + Buffer.byteLength(value);
  return total;
}

function messageAttributes(attributes: Readonly<Record<string, string>>): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  );
}
