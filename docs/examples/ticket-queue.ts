import { Duration, Stack } from 'aws-cdk-lib';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Postroom } from '../../cdk/postroom.ts';

/** Every mail that was given up, or may or may not have arrived, becomes a message that a ticket system can take. */
export class TicketQueue extends Stack {
  readonly tickets: Queue;

  constructor(scope: Construct, id: string, postroom: Postroom) {
    super(scope, id);
    this.tickets = new Queue(this, 'Tickets', {
      retentionPeriod: Duration.days(14),
      encryption: QueueEncryption.SQS_MANAGED,
    });
    postroom.onOutcome(this, 'FailedMail', {
      detailTypes: ['Email Failed', 'Email Uncertain'],
      target: new SqsQueue(this.tickets),
    });
  }
}
