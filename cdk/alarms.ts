import { Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { alarmsOf, type MetricAlarm, type StageAlarms } from '../lib/contracts/alarms.ts';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { metricOfAlarm, type Watched } from './alarm-metrics.ts';

const comparisons = {
  '>=': ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  '<': ComparisonOperator.LESS_THAN_THRESHOLD,
};

const missingData = { notBreaching: TreatMissingData.NOT_BREACHING, breaching: TreatMissingData.BREACHING };

/** The alarms of the table, and the topic that tells people about them. */
export class Alarms extends Construct {
  readonly topic: Topic;
  /** What the table says about this stage. */
  readonly table: StageAlarms;
  /** The paging alarm first. */
  readonly all: readonly IAlarm[];

  constructor(scope: Construct, id: string, { config, watched }: { config: StageConfig; watched: Watched }) {
    super(scope, id);
    const { stage } = watched;
    this.topic = this.makeTopic(stage, config);
    this.table = alarmsOf(stage, config);
    const tickets = this.table.tickets.map((alarm) => ({ ...alarm, made: this.makeTicket(alarm, watched) }));
    const { paging } = this.table;
    const page = new CompositeAlarm(this, paging.id, {
      compositeAlarmName: alarmName(stage, paging.id),
      alarmDescription: paging.description,
      alarmRule: AlarmRule.anyOf(
        ...tickets
          .filter(({ name }) => paging.anyOf.includes(name))
          .map(({ made }) => AlarmRule.fromAlarm(made, AlarmState.ALARM)),
      ),
    });
    const made = tickets.map((ticket) => ticket.made);
    this.all = [page, ...made];
    const topics = config.alarms.topicArns.map((arn, index) => Topic.fromTopicArn(this, `Topic${index}`, arn));
    const actions = [this.topic, ...topics].map((topic) => new SnsAction(topic));
    for (const alarm of [page, ...made]) {
      alarm.addAlarmAction(...actions);
      alarm.addOkAction(...actions);
    }
  }

  private makeTicket(alarm: MetricAlarm, watched: Watched): Alarm {
    const { comparison, threshold, breaching, periods, missingData: missing } = alarm.rule;
    return new Alarm(this, alarm.id, {
      alarmName: alarmName(watched.stage, alarm.id),
      alarmDescription: alarm.description,
      metric: metricOfAlarm(alarm, watched),
      comparisonOperator: comparisons[comparison],
      threshold,
      evaluationPeriods: periods,
      datapointsToAlarm: breaching,
      treatMissingData: missingData[missing],
    });
  }

  private makeTopic(stage: string, config: StageConfig): Topic {
    const topic = new Topic(this, 'Topic', {
      topicName: `postroom-${stage}-alarms`,
      displayName: `Postroom ${stage}`,
      enforceSSL: true,
    });
    // A topic with a policy of its own (enforceSSL) no longer admits CloudWatch by default.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { ArnLike: { 'aws:SourceArn': alarmArns(this, stage) } },
      }),
    );
    for (const email of config.alarms.emails) topic.addSubscription(new EmailSubscription(email));
    return topic;
  }
}

const alarmName = (stage: string, id: string) => `postroom-${stage}-${id}`;

const alarmArns = (scope: Construct, stage: string) =>
  Stack.of(scope).formatArn({ service: 'cloudwatch', resource: `alarm:postroom-${stage}-*` });
