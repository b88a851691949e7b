import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { PublishPorts } from './publish.ts';

const longestError = 1000;

/**
 * The queue to which Lambda also gives what it gave up on. A message of ours is JSON with the change's sequence number, the
 * mail's key where it is known, and what is wrong.
 */
export function failuresQueue(client: SQSClient, queueUrl: string): PublishPorts['setAside'] {
  return async ({ sequenceNumber, key, error }) => {
    const message = { unreadable: String(error).slice(0, longestError), sequenceNumber, key };
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message) }));
  };
}
