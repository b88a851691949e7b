import { createHash } from 'node:crypto';
import { secretArn } from '../secrets-manager/arn.ts';

/** Where the emulated account lives, and where its queues answer. */
export interface Account {
  readonly region: string;
  readonly accountId: string;
  /** Endpoint URL of SQS, without a trailing slash: queue URLs start with it. */
  readonly sqsEndpoint: string;
}

/** What `Ref` and `Fn::GetAtt` give for one resource. */
export interface Identity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ResourceType {
  /** The property that holds the physical name; the stack's name and the logical id stand in for it when it is absent. */
  readonly nameProperty?: string;
  readonly identify: (name: string, account: Account) => Identity;
  /** `run`: created or run locally. `skip`: exists by name only. */
  readonly local: 'run' | 'skip';
}

const arn = (service: string, resource: string, { region, accountId }: Account) =>
  `arn:aws:${service}:${region}:${accountId}:${resource}`;

const run = (nameProperty: string, identify: ResourceType['identify']): ResourceType => ({
  nameProperty,
  identify,
  local: 'run',
});

const skip = (service: string, nameProperty?: string): ResourceType => ({
  ...(nameProperty === undefined ? {} : { nameProperty }),
  identify: (name, account) => ({ ref: name, attributes: { Arn: arn(service, name, account) } }),
  local: 'skip',
});

const table: ResourceType['identify'] = (name, account) => ({
  ref: name,
  attributes: {
    Arn: arn('dynamodb', `table/${name}`, account),
    StreamArn: arn('dynamodb', `table/${name}/stream/local`, account),
  },
});

const alarm: ResourceType['identify'] = (name, account) => ({
  ref: name,
  attributes: { Arn: arn('cloudwatch', `alarm:${name}`, account) },
});

/** A UUID that follows from the name, where AWS makes one up. */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}

/** Every resource type a local run understands. One that is absent is refused, so that nothing is left out by accident. */
export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::SQS::Queue': run('QueueName', (name, account) => {
    const url = `${account.sqsEndpoint}/${account.accountId}/${name}`;
    return { ref: url, attributes: { Arn: arn('sqs', name, account), QueueName: name, QueueUrl: url } };
  }),
  'AWS::DynamoDB::Table': run('TableName', table),
  'AWS::DynamoDB::GlobalTable': run('TableName', table),
  'AWS::SecretsManager::Secret': run('Name', (name, account) => {
    const id = secretArn(name, account);
    return { ref: id, attributes: { Id: id } };
  }),
  'AWS::SNS::Topic': run('TopicName', (name, account) => {
    const topicArn = arn('sns', name, account);
    return { ref: topicArn, attributes: { TopicArn: topicArn, TopicName: name } };
  }),
  'AWS::SNS::Subscription': run('', (name, account) => ({ ref: arn('sns', name, account), attributes: {} })),
  'AWS::S3::Bucket': run('BucketName', (name) => {
    const bucket = name.toLowerCase();
    return { ref: bucket, attributes: { Arn: `arn:aws:s3:::${bucket}` } };
  }),
  'AWS::Lambda::Function': run('FunctionName', (name, account) => ({
    ref: name,
    attributes: { Arn: arn('lambda', `function:${name}`, account) },
  })),
  'AWS::Lambda::EventSourceMapping': run('', (name, account) => {
    const id = uuidOf(name);
    const attributes = { Id: id, EventSourceMappingArn: arn('lambda', `event-source-mapping:${id}`, account) };
    return { ref: id, attributes };
  }),
  'AWS::Scheduler::Schedule': run('Name', (name, account) => ({
    ref: name,
    attributes: { Arn: arn('scheduler', `schedule/default/${name}`, account) },
  })),
  'AWS::Events::Rule': run('Name', (name, account) => ({
    ref: name,
    attributes: { Arn: arn('events', `rule/${name}`, account) },
  })),
  'AWS::CloudWatch::Alarm': run('AlarmName', alarm),
  'AWS::CloudWatch::CompositeAlarm': run('AlarmName', alarm),
  'AWS::CloudWatch::Dashboard': run('DashboardName', (name) => ({ ref: name, attributes: {} })),
  'AWS::CDK::Metadata': skip('cdk'),
  'AWS::Events::EventBus': skip('events', 'Name'),
  'AWS::EC2::SecurityGroup': skip('ec2'),
  'AWS::EC2::SecurityGroupEgress': skip('ec2'),
  'AWS::EC2::SecurityGroupIngress': skip('ec2'),
  'AWS::IAM::ManagedPolicy': skip('iam', 'ManagedPolicyName'),
  'AWS::IAM::Policy': skip('iam', 'PolicyName'),
  'AWS::IAM::Role': skip('iam', 'RoleName'),
  'AWS::Lambda::EventInvokeConfig': skip('lambda'),
  'AWS::Lambda::Permission': skip('lambda'),
  'AWS::Logs::LogGroup': skip('logs', 'LogGroupName'),
  'AWS::Logs::MetricFilter': skip('logs'),
  'AWS::Logs::QueryDefinition': skip('logs', 'Name'),
  'AWS::S3::BucketPolicy': skip('s3'),
  'AWS::Scheduler::ScheduleGroup': skip('scheduler', 'Name'),
  'AWS::SecretsManager::ResourcePolicy': skip('secretsmanager'),
  'AWS::SNS::TopicPolicy': skip('sns'),
  'AWS::SQS::QueuePolicy': skip('sqs'),
  'AWS::SSM::Parameter': skip('ssm', 'Name'),
  'AWS::XRay::SamplingRule': skip('xray'),
};
