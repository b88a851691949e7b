import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import type { ProbeFunctionSettings, ProbeVariables } from '../lib/contracts/probe-environment.ts';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import type { Network } from './network.ts';
import { allow, nodeFunction, sourceMaps } from './node-function.ts';
import type { RelaySecrets } from './relay-secrets.ts';

export interface ProbeProps {
  readonly stage: string;
  readonly config: StageConfig;
  readonly network: Network;
  readonly relayHealth: Table;
  readonly secrets: RelaySecrets;
  /** What feeds the sender. */
  readonly mapping: SqsEventSource;
}

/** The function that measures the relays every few seconds, and pauses the intake while none can take mail. */
export class Probe extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: ProbeProps) {
    super(scope, id);
    const { stage, config, network } = props;
    this.function = nodeFunction(this, 'probe', {
      config,
      description: `Postroom (${stage}): probes the relays, pauses the intake while none can take mail`,
      memorySize: 256,
      // Over before the next one starts.
      timeout: Duration.seconds(59),
      environment: environment(props),
      statements: [...policy(props), ...network.statements],
      // The schedule invokes asynchronously: a run that Lambda repeats, or starts late, would meet the next one.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
      ...network.placement,
    });
    new Schedule(this, 'Schedule', {
      description: `Postroom (${stage}): runs the probe function`,
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      // The default is 185 retries within a day.
      target: new LambdaInvoke(this.function, { retryAttempts: 0, maxEventAge: Duration.minutes(1) }),
    });
  }
}

/** What the probe function may do, besides writing its log and sending traces. */
function policy({ relayHealth, secrets, mapping }: ProbeProps): PolicyStatement[] {
  return [
    allow(
      ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      [relayHealth.tableArn],
    ),
    allow(['secretsmanager:GetSecretValue'], secrets.policyResources),
    allow(['lambda:GetEventSourceMapping', 'lambda:UpdateEventSourceMapping'], [mapping.eventSourceMappingArn]),
  ];
}

/** Fits wherever the sender's does, which holds more of every relay. */
function environment({ stage, config, relayHealth, secrets, mapping }: ProbeProps): Record<string, string> {
  const relays = Object.entries(config.relays).map(([name, { allowPlaintext }]) => {
    return [name, { secretId: secrets.names[name] ?? name, allowPlaintext }] as const;
  });
  const { probe, breaker } = config;
  const settings: ProbeFunctionSettings = { relays: Object.fromEntries(relays), probe, breaker };
  const variables = {
    ...sourceMaps,
    POSTROOM_STAGE: stage,
    POSTROOM_RELAY_HEALTH_TABLE: relayHealth.tableName,
    POSTROOM_EVENT_SOURCE_MAPPING: mapping.eventSourceMappingId,
    POSTROOM_SETTINGS: JSON.stringify(settings),
  };
  return variables satisfies ProbeVariables;
}
