import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import type { AuditPorts } from './run.ts';

const counters = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** Messages of a queue, whatever their visibility. */
export function messagesIn(client: SQSClient, queueUrl: string): AuditPorts['intakeMessages'] {
  return async () => {
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...counters] }),
    );
    return counters.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
  };
}

/** The mark that the probe function leaves in the health table (`lib/probe/run-store.ts`). */
const run = v.object({ pause: v.optional(v.object({ since: v.number() })) });

export function intakePause(client: DynamoDBClient, healthTable: string): AuditPorts['pausedSince'] {
  return async () => {
    const { Item = {} } = await client.send(
      new GetItemCommand({ TableName: healthTable, Key: { relay: { S: '#probe' } }, ConsistentRead: true }),
    );
    return v.parse(run, unmarshall(Item)).pause?.since;
  };
}
