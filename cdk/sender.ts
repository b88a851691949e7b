import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import type { SenderVariables } from '../lib/contracts/sender-environment.ts';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import type { Network } from './network.ts';
import { nodeFunction, sourceMaps } from './node-function.ts';
import type { Queues } from './queues.ts';
import type { RelaySecrets } from './relay-secrets.ts';
import { senderPolicy } from './sender-policy.ts';
import { requireFittingEnvironment, senderSettings } from './sender-settings.ts';

export interface SenderProps {
  readonly stage: string;
  readonly config: StageConfig;
  readonly network: Network;
  readonly queues: Queues;
  readonly ledger: Table;
  readonly relayHealth: Table;
  readonly secrets: RelaySecrets;
}

/** The function that sends, and the mapping that feeds it from the intake queue. */
export class Sender extends Construct {
  readonly function: LambdaFunction;
  readonly mapping: SqsEventSource;

  constructor(scope: Construct, id: string, props: SenderProps) {
    super(scope, id);
    const { config, network, queues } = props;
    this.function = nodeFunction(this, 'sender', {
      config,
      description: `Postroom (${props.stage}): sends mail from the intake queue`,
      memorySize: config.sender.memoryMb,
      timeout: Duration.seconds(config.sender.timeoutSeconds),
      environment: environment(props),
      statements: [...senderPolicy(props), ...network.statements],
      ...network.placement,
    });
    this.mapping = new SqsEventSource(queues.intake, {
      batchSize: config.sender.batchSize,
      maxConcurrency: config.sender.maxConcurrency,
      reportBatchItemFailures: true,
    });
    this.function.addEventSource(this.mapping);
  }
}

function environment({ stage, config, queues, ledger, relayHealth, secrets }: SenderProps): Record<string, string> {
  const settings = senderSettings(config, secrets.names);
  const references = {
    POSTROOM_INTAKE_QUEUE_URL: queues.intake.queueUrl,
    POSTROOM_DEAD_LETTER_QUEUE_URL: queues.deadLetters.queueUrl,
    POSTROOM_LEDGER_TABLE: ledger.tableName,
    POSTROOM_RELAY_HEALTH_TABLE: relayHealth.tableName,
  };
  const others = { ...sourceMaps, POSTROOM_STAGE: stage };
  requireFittingEnvironment(settings, Object.keys(references).length, others);
  const variables = { ...references, ...others, POSTROOM_SETTINGS: JSON.stringify(settings) };
  return variables satisfies SenderVariables;
}
