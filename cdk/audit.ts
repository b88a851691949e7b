import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import { type AuditSettings, type AuditVariables, auditEveryMinutes } from '../lib/contracts/audit-environment.ts';
import { unfinishedIndex } from '../lib/contracts/ledger-index.ts';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { allow, nodeFunction, sourceMaps } from './node-function.ts';
import { type Queues, visibilitySeconds } from './queues.ts';

export interface AuditProps {
  readonly stage: string;
  readonly config: StageConfig;
  readonly ledger: Table;
  readonly relayHealth: Table;
  readonly queues: Queues;
}

/** The function that looks for forgotten mail every quarter of an hour. */
export class Audit extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: AuditProps) {
    super(scope, id);
    const { stage, config, ledger, relayHealth, queues } = props;
    const variables: AuditVariables = {
      POSTROOM_STAGE: stage,
      POSTROOM_LEDGER_TABLE: ledger.tableName,
      POSTROOM_RELAY_HEALTH_TABLE: relayHealth.tableName,
      POSTROOM_INTAKE_QUEUE_URL: queues.intake.queueUrl,
      POSTROOM_SETTINGS: JSON.stringify(auditSettings(config)),
    };
    this.function = nodeFunction(this, 'audit', {
      config,
      description: `Postroom (${stage}): looks for forgotten mail`,
      memorySize: 256,
      timeout: Duration.minutes(5),
      environment: { ...sourceMaps, ...variables },
      statements: policy(props),
      // It changes nothing and runs again soon: a repeat would only count its findings twice.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(5),
    });
    new Schedule(this, 'Schedule', {
      description: `Postroom (${stage}): runs the audit function`,
      schedule: ScheduleExpression.rate(Duration.minutes(auditEveryMinutes)),
      target: new LambdaInvoke(this.function, { retryAttempts: 0, maxEventAge: Duration.minutes(5) }),
    });
  }
}

function policy({ ledger, relayHealth, queues }: AuditProps): PolicyStatement[] {
  return [
    allow(['dynamodb:Query'], [`${ledger.tableArn}/index/${unfinishedIndex.name}`]),
    allow(['dynamodb:Scan', 'dynamodb:DescribeTable'], [ledger.tableArn]),
    allow(['dynamodb:GetItem'], [ledger.tableArn, relayHealth.tableArn]),
    allow(['sqs:GetQueueAttributes'], [queues.intake.queueArn]),
  ];
}

/** Between the date of an attempt and its send: nobody is that late while all is well. */
const backlogSeconds = 900;

/**
 * From when on a mail counts as forgotten. A message whose new visibility SQS did not take comes back after the queue's
 * own; and the sender writes no wait of less than a quarter of an hour to the ledger.
 */
export function auditSettings({ sender, retry }: StageConfig): AuditSettings {
  return {
    marginSeconds: visibilitySeconds(sender.timeoutSeconds) + 900 + backlogSeconds,
    maxAgeSeconds: retry.maxAgeSeconds,
  };
}
