import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StackOutputs } from '../lib/contracts/outputs.ts';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { auditSettings } from './audit.ts';
import { Postroom } from './postroom.ts';

/** One stage of Postroom as a stack of its own, `postroom-<stage>`, with the outputs that operators and tools read. */
export class PostroomStack extends Stack {
  readonly postroom: Postroom;
  private readonly config: StageConfig;

  constructor(scope: Construct, stage: string, config: StageConfig) {
    super(scope, `postroom-${stage}`, {
      description: `Postroom (${stage}): sends e-mail from an SQS queue through SMTP relays`,
      terminationProtection: config.protectData,
    });
    this.config = config;
    this.postroom = new Postroom(this, 'Postroom', { stage, config });
    for (const [key, value] of Object.entries(this.outputs())) new CfnOutput(this, key, { value });
    Tags.of(this).add('application', 'postroom');
    Tags.of(this).add('stage', stage);
  }

  private outputs(): StackOutputs {
    const { queues, ledger, relayHealth, secrets, sender, probe, alarms, dashboard } = this.postroom;
    return {
      IntakeQueueUrl: queues.intake.queueUrl,
      IntakeQueueArn: queues.intake.queueArn,
      DeadLetterQueueUrl: queues.deadLetters.queueUrl,
      DeadLetterQueueArn: queues.deadLetters.queueArn,
      LedgerTableName: ledger.table.tableName,
      RelayHealthTableName: relayHealth.table.tableName,
      SenderFunctionName: sender.function.functionName,
      ProbeFunctionName: probe.function.functionName,
      DashboardName: dashboard.name,
      AlarmTopicArn: alarms.topic.topicArn,
      RelaySecretArns: this.toJsonString(secrets.arns),
      AuditSettings: JSON.stringify(auditSettings(this.config)),
    };
  }
}
