import { Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { allow } from './node-function.ts';
import type { SenderProps } from './sender.ts';

/**
 * What the sender may do, besides consuming the intake queue (the event source adds that, on the queue's ARN), writing
 * its log and sending traces.
 */
export function senderPolicy(props: SenderProps): PolicyStatement[] {
  const { config, queues, ledger, relayHealth, secrets } = props;
  const bounces = config.bounces.mode === 'off' ? [] : [queues.intake.queueArn];
  return [
    allow(['sqs:SendMessage'], [queues.deadLetters.queueArn, ...bounces]),
    allow(['dynamodb:GetItem', 'dynamodb:PutItem'], [ledger.tableArn]),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem'], [relayHealth.tableArn]),
    allow(['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], secrets.policyResources),
    ...attachments(props),
  ];
}

function attachments({ config, queues }: SenderProps): PolicyStatement[] {
  if (config.attachmentBuckets.length === 0) return [];
  const { partition } = Stack.of(queues);
  const buckets = config.attachmentBuckets.map((bucket) => `arn:${partition}:s3:::${bucket}`);
  return [
    allow(
      ['s3:GetObject', 's3:GetObjectVersion'],
      buckets.map((bucket) => `${bucket}/*`),
    ),
    // Without it S3 answers 403 for an object that is missing, which is then no different from a missing permission.
    allow(['s3:ListBucket'], buckets),
  ];
}
