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

/** What the probe function leaves in the health table (`lib/probe/run-store.ts`). */
const run = v.object({
  pause: v.optional(v.object({ since: v.number() })),
  lastPause: v.optional(v.object({ since: v.number() })),
  resumedAt: v.optional(v.number()),
});

/** The pause that the probe function has made, or made last. */
export function intakePause(client: DynamoDBClient, healthTable: string): AuditPorts['pause'] {
  return async () => {
    const { Item = {} } = await client.send(
      new GetItemCommand({ TableName: healthTable, Key: { relay: { S: '#probe' } }, ConsistentRead: true }),
    );
    const { pause, lastPause, resumedAt } = v.parse(run, unmarshall(Item));
    if (pause !== undefined) return { since: pause.since };
    return lastPause === undefined || resumedAt === undefined ? undefined : { since: lastPause.since, resumedAt };
  };
}
