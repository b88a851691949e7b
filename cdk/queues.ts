import { Duration, Stack } from 'aws-cdk-lib';
import { Queue, QueueEncryption, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { removal } from './removal.ts';

/** The longest that SQS keeps a message. */
const retentionPeriod = Duration.days(14);

/** The intake queue and its dead-letter queue. */
export class Queues extends Construct {
  readonly intake: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { stage, config }: { stage: string; config: StageConfig }) {
    super(scope, id);
    const intakeName = `postroom-${stage}-intake`;
    const common = {
      retentionPeriod,
      // SSE-SQS: with a KMS key every publishing service would need a grant on the key as well.
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: removal(config),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...common,
      queueName: `postroom-${stage}-dead-letters`,
      redriveAllowPolicy: {
        redrivePermission: RedrivePermission.BY_QUEUE,
        // By name: the two queues name each other, and a reference here would close the circle.
        sourceQueues: [
          Queue.fromQueueArn(this, 'Source', Stack.of(this).formatArn({ service: 'sqs', resource: intakeName })),
        ],
      },
    });
    this.intake = new Queue(this, 'Intake', {
      ...common,
      queueName: intakeName,
      visibilityTimeout: Duration.seconds(visibilitySeconds(config.sender.timeoutSeconds)),
      // The most that SQS takes. Code dead-letters earlier and says why; this is for messages that crash the function.
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 1000 },
    });
  }
}

/**
 * AWS asks for six function timeouts plus the batch window (0 here), so that a throttled batch is not handed out again
 * while Lambda still holds it: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export const visibilitySeconds = (timeoutSeconds: number) => 6 * timeoutSeconds;
