import type { SynthesisedStack } from '../../../local/template/cloud-assembly.ts';
import { type JsonObject, parseTemplate } from '../../../local/template/template.ts';

export interface StackChanges {
  readonly queue?: JsonObject;
  readonly function?: JsonObject;
  readonly mapping?: JsonObject;
  /** More resources. */
  readonly resources?: JsonObject;
  readonly outputs?: JsonObject;
}

/** A queue with a dead-letter queue that feeds the function of `asset`, in the words of a CDK template. */
export function stackAround(assetDirectory: string, changes: StackChanges = {}): SynthesisedStack {
  const template = parseTemplate({
    Resources: {
      Work: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          VisibilityTimeout: 60,
          SqsManagedSseEnabled: true,
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 2 },
          ...changes.queue,
        },
      },
      Dead: { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 1209600 } },
      Role: { Type: 'AWS::IAM::Role', Properties: {} },
      Worker: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Handler: 'index.handler',
          Runtime: 'nodejs24.x',
          Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
          Code: { S3Bucket: { 'Fn::Sub': `assets-\${AWS::AccountId}` }, S3Key: 'asset.zip' },
          Environment: { Variables: { QUEUE_URL: { Ref: 'Work' }, TABLE: 'items' } },
          MemorySize: 256,
          Timeout: 10,
          ...changes.function,
        },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: { 'Fn::GetAtt': ['Work', 'Arn'] },
          FunctionName: { Ref: 'Worker' },
          BatchSize: 10,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          ScalingConfig: { MaximumConcurrency: 2 },
          ...changes.mapping,
        },
      },
      ...changes.resources,
    },
    Outputs: {
      WorkUrl: { Value: { Ref: 'Work' } },
      WorkArn: { Value: { 'Fn::GetAtt': ['Work', 'Arn'] } },
      DeadUrl: { Value: { Ref: 'Dead' } },
      ...changes.outputs,
    },
  });
  return { stackName: 'test', template, assets: new Map([['asset.zip', assetDirectory]]) };
}
