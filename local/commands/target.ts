import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { dynamoDbLedger } from '../../lib/ledger/dynamodb-store.ts';
import { byConfiguredEndpoint } from '../../lib/platform/queue-endpoint.ts';
import { CommandError, errorText } from '../../ops/shared/command.ts';
import type { Endpoints } from '../../ops/shared/endpoints.ts';
import { deployedStage, localSystem, type Target as System } from '../../ops/shared/target.ts';
import { peekDeadLetters } from './dead-letters.ts';
import type { Sources } from './follow.ts';
import { type QueueDepth, queueDepth } from './progress.ts';

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
  const system = localSystem(endpoints, 'the local system');
  const intakeQueue = system.output('IntakeQueueUrl');
  return {
    publish: (body) => publish(system.sqs, intakeQueue, body),
    sources: sourcesOf(system),
    depth: () => queueDepth(system.sqs, intakeQueue),
    close: () => system.close(),
    pollMs: 200,
  };
}

/** A deployed queue, reached as the AWS SDK's standard environment says (region, credentials, `AWS_ENDPOINT_URL`…). */
export async function deployedTarget(queueUrl: string, stage: string): Promise<Target> {
  // A queue URL names its region, and the environment need not.
  const region = /^https:\/\/sqs\.([a-z0-9-]+)\./.exec(queueUrl)?.[1];
  const sqs = new SQSClient({ ...(region === undefined ? {} : { region }), ...byConfiguredEndpoint });
  const target = { publish: (body: string) => publish(sqs, queueUrl, body), pollMs: 1000 };
  try {
    const system = await deployedStage(stage, region);
    if (system.output('IntakeQueueUrl') === queueUrl) return { ...target, sources: sourcesOf(system) };
    return { ...target, reason: `that queue is not the intake queue of the stack postroom-${stage}; name its --stage` };
  } catch (error) {
    return { ...target, reason: errorText(error) };
  }
}

async function publish(sqs: SQSClient, queueUrl: string, body: string): Promise<{ readonly messageId: string }> {
  try {
    const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
    if (MessageId === undefined) throw new Error('SQS gave no message id');
    return { messageId: MessageId };
  } catch (error) {
    const fault = `The message could not be published to ${queueUrl}: ${errorText(error)}`;
    throw new CommandError(fault, 2, { cause: error });
  }
}

function sourcesOf(system: System): Sources {
  const deadLetterQueue = system.output('DeadLetterQueueUrl');
  return {
    ledger: dynamoDbLedger(system.dynamoDb, system.output('LedgerTableName')),
    deadLetters: () => peekDeadLetters(system.sqs, deadLetterQueue),
  };
}
