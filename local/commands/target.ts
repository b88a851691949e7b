import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { dynamoDbLedger } from '../../lib/ledger/dynamodb-store.ts';
import { byConfiguredEndpoint } from '../../lib/platform/queue-endpoint.ts';
import { createAwsClients } from '../platform/aws-clients.ts';
import { peekDeadLetters } from './dead-letters.ts';
import { CommandError } from './failure.ts';
import type { Sources } from './follow.ts';
import { type QueueDepth, queueDepth } from './progress.ts';
import type { Endpoints } from './state-dir.ts';

/** A queue to publish to, and where to follow what is published. */
export interface Target {
  publish(body: string): Promise<{ readonly messageId: string }>;
  /** Undefined: the stack behind the queue could not be found, `reason` says why. */
  readonly sources?: Sources;
  readonly reason?: string;
  readonly pollMs: number;
}

/** A local system, which hides nothing. */
export interface LocalTarget extends Target {
  readonly sources: Sources;
  depth(): Promise<QueueDepth>;
  /** Closes the connections to it. */
  close(): void;
}

/** The local system that published these endpoints. */
export function localTarget(endpoints: Endpoints): LocalTarget {
  const { outputs } = endpoints;
  const clients = createAwsClients(endpoints);
  const { sqs, dynamodb } = clients;
  const intakeQueue = required(outputs, 'IntakeQueueUrl');
  return {
    publish: (body) => publish(sqs, intakeQueue, body),
    sources: sourcesOf(sqs, dynamodb, outputs),
    depth: () => queueDepth(sqs, intakeQueue),
    close: () => clients.destroy(),
    pollMs: 200,
  };
}

/** A deployed queue, reached as the AWS SDK's standard environment says (region, credentials, `AWS_ENDPOINT_URL`…). */
export async function deployedTarget(queueUrl: string, stage: string): Promise<Target> {
  // A queue URL names its region, and the environment need not.
  const region = /^https:\/\/sqs\.([a-z0-9-]+)\./.exec(queueUrl)?.[1];
  const common = region === undefined ? {} : { region };
  const sqs = new SQSClient({ ...common, ...byConfiguredEndpoint });
  const target = { publish: (body: string) => publish(sqs, queueUrl, body), pollMs: 1000 };
  try {
    const outputs = await stackOutputs(new CloudFormationClient(common), `postroom-${stage}`);
    if (outputs['IntakeQueueUrl'] !== queueUrl) {
      return {
        ...target,
        reason: `that queue is not the intake queue of the stack postroom-${stage}; name its --stage`,
      };
    }
    return { ...target, sources: sourcesOf(sqs, new DynamoDBClient(common), outputs) };
  } catch (error) {
    return { ...target, reason: error instanceof Error ? error.message : String(error) };
  }
}

async function publish(sqs: SQSClient, queueUrl: string, body: string): Promise<{ readonly messageId: string }> {
  try {
    const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
    if (MessageId === undefined) throw new Error('SQS gave no message id');
    return { messageId: MessageId };
  } catch (error) {
    const why = error instanceof Error ? error.message || error.name : String(error);
    throw new CommandError(`The message could not be published to ${queueUrl}: ${why}`, 2, { cause: error });
  }
}

function sourcesOf(sqs: SQSClient, dynamodb: DynamoDBClient, outputs: Readonly<Record<string, string>>): Sources {
  const deadLetterQueue = required(outputs, 'DeadLetterQueueUrl');
  return {
    ledger: dynamoDbLedger(dynamodb, required(outputs, 'LedgerTableName')),
    deadLetters: () => peekDeadLetters(sqs, deadLetterQueue),
  };
}

async function stackOutputs(client: CloudFormationClient, stackName: string): Promise<Record<string, string>> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
  const outputs = Stacks[0]?.Outputs ?? [];
  return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
}

function required(outputs: Readonly<Record<string, string>>, key: string): string {
  const value = outputs[key];
  if (value === undefined) throw new Error(`The stack has no output ${key}.`);
  return value;
}
