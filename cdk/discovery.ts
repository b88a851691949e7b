import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { discoveryParameters } from '../lib/contracts/outputs.ts';

/** Where publishers that know only the stage's name find the intake queue. */
export class Discovery extends Construct {
  constructor(scope: Construct, id: string, { stage, intake }: { stage: string; intake: IQueue }) {
    super(scope, id);
    const names = discoveryParameters(stage);
    new StringParameter(this, 'IntakeQueueUrl', { parameterName: names.intakeQueueUrl, stringValue: intake.queueUrl });
    new StringParameter(this, 'IntakeQueueArn', { parameterName: names.intakeQueueArn, stringValue: intake.queueArn });
  }
}
