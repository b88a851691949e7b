import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, type IEventBus, type IRuleTarget, Rule } from 'aws-cdk-lib/aws-events';
import {
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  type Function as LambdaFunction,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { EventsEnvironment } from '../lib/contracts/events-environment.ts';
import { eventSource, type OutcomeType, outcomeTypes } from '../lib/contracts/outcome-events.ts';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { allow, nodeFunction, sourceMaps } from './node-function.ts';
import { removal } from './removal.ts';

export interface EventsProps {
  readonly stage: string;
  readonly config: StageConfig;
  readonly busName: string;
  /** With a change stream of old and new images. */
  readonly ledger: Table;
}

export interface Subscription {
  /** Absent: every type. */
  readonly detailTypes?: readonly OutcomeType[];
  readonly target: IRuleTarget;
}

/** The function that turns the ledger's changes into outcome events on a bus that exists already. */
export class OutcomeEvents extends Construct {
  readonly function: LambdaFunction;
  /** What Lambda gave up on after all repeats, and what the function cannot read: which records of the stream they were. */
  readonly failures: Queue;
  private readonly bus: IEventBus;

  constructor(scope: Construct, id: string, props: EventsProps) {
    super(scope, id);
    const { stage, config, ledger, busName } = props;
    this.bus = EventBus.fromEventBusName(this, 'Bus', busName);
    this.failures = new Queue(this, 'Failures', {
      queueName: `postroom-${stage}-events-failed`,
      retentionPeriod: Duration.days(14),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: removal(config),
    });
    this.function = this.makeFunction(props);
    this.listen(ledger);
  }

  /** A rule that gives the stage's events of these types to a target. Rules of other stacks can match the same fields. */
  subscribe(scope: Construct, id: string, stage: string, { detailTypes, target }: Subscription): Rule {
    return new Rule(scope, id, {
      description: `Postroom (${stage}): outcome events for ${id}`,
      eventBus: this.bus,
      eventPattern: {
        source: [eventSource],
        detailType: [...(detailTypes ?? outcomeTypes)],
        detail: { stage: [stage] },
      },
      targets: [target],
    });
  }

  private listen(ledger: Table): void {
    const { tableStreamArn: eventSourceArn } = ledger;
    if (eventSourceArn === undefined) throw new Error('the ledger has no change stream');
    ledger.grantStreamRead(this.function);
    this.failures.grantSendMessages(this.function);
    new EventSourceMapping(this, 'Changes', {
      target: this.function,
      eventSourceArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      // Changes of the same second share an invocation.
      maxBatchingWindow: Duration.seconds(1),
      // The stream keeps changes for a day. What the bus never takes must not hold up the others for that long.
      maxRecordAge: Duration.hours(12),
      // Only the age ends the repeats: a number of them may be used up early in an outage of the bus.
      retryAttempts: -1,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      onFailure: new SqsDlq(this.failures),
      filters: [
        FilterCriteria.filter({ eventName: FilterRule.isEqual('MODIFY') }),
        // Not the first claim of a mail, which tells nothing, nor what the table itself deletes.
        FilterCriteria.filter({
          eventName: FilterRule.isEqual('INSERT'),
          dynamodb: { NewImage: { state: { S: FilterRule.or('waiting', 'settled') } } },
        }),
      ],
    });
  }

  private makeFunction({ stage, config, busName }: EventsProps): LambdaFunction {
    const variables: EventsEnvironment = {
      POSTROOM_STAGE: stage,
      POSTROOM_EVENT_BUS: busName,
      POSTROOM_EVENT_FAILURES_QUEUE_URL: this.failures.queueUrl,
    };
    return nodeFunction(this, 'events', {
      config,
      description: `Postroom (${stage}): tells the event bus what became of mails`,
      memorySize: 256,
      timeout: Duration.minutes(1),
      environment: { ...sourceMaps, ...variables },
      statements: [allow(['events:PutEvents'], [this.bus.eventBusArn])],
    });
  }
}
