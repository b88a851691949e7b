import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { PublishCommand } from '@aws-sdk/client-sns';
import {
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AwsClients, createAwsClients } from '../../../local/platform/aws-clients.ts';
import { type Platform, runStack } from '../../../local/platform/platform.ts';
import { createAsset } from './fixture.ts';
import { type StackChanges, stackAround } from './stack.ts';

let asset: Awaited<ReturnType<typeof createAsset>>;
let platform: Platform;
let aws: AwsClients;
const logs: string[] = [];
const problems: string[] = [];

beforeEach(async () => {
  asset = await createAsset();
  logs.length = 0;
  problems.length = 0;
});

afterEach(async () => {
  aws.destroy();
  await platform.close();
  await asset.remove();
});

async function run(changes: StackChanges = {}, secrets: Readonly<Record<string, string>> = {}): Promise<void> {
  platform = await runStack(stackAround(asset.directory, changes), {
    secrets,
    minuteMs: 200,
    onLog: ({ line }) => logs.push(line),
    onProblem: (message) => problems.push(message),
  });
  aws = createAwsClients(platform.endpoints);
}

function output(key: string): string {
  const value = platform.outputs[key];
  if (value === undefined) throw new Error(`no output ${key}`);
  return value;
}

async function send(...commands: readonly object[]): Promise<void> {
  const Entries = commands.map((command, index) => ({ Id: String(index), MessageBody: JSON.stringify(command) }));
  await aws.sqs.send(new SendMessageBatchCommand({ QueueUrl: output('WorkUrl'), Entries }));
}

/** The records of every SQS event the function has logged. */
function received(): SQSRecord[][] {
  return logs
    .map((line) => (line.startsWith('{') ? JSON.parse(line) : {}))
    .filter((entry) => 'records' in entry)
    .map(({ records }) => records);
}

/** Visible and invisible messages of the work queue. */
async function left(): Promise<number> {
  const command = new GetQueueAttributesCommand({ QueueUrl: output('WorkUrl'), AttributeNames: ['All'] });
  const { Attributes } = await aws.sqs.send(command);
  const { ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: invisible } = Attributes ?? {};
  return Number(visible) + Number(invisible);
}

async function dead(): Promise<Message[]> {
  const command = new ReceiveMessageCommand({ QueueUrl: output('DeadUrl'), WaitTimeSeconds: 10 });
  return (await aws.sqs.send(command)).Messages ?? [];
}

describe('the event source mapping', () => {
  it('gives the function records as Lambda does, and deletes what succeeded', async () => {
    await run();
    await aws.sqs.send(
      new SendMessageCommand({
        QueueUrl: output('WorkUrl'),
        MessageBody: '{}',
        MessageAttributes: { reason: { DataType: 'String', StringValue: 'test' } },
      }),
    );
    await vi.waitFor(() => expect(received()).toHaveLength(1), 10_000);
    expect(received()[0]?.[0]).toEqual({
      messageId: expect.any(String),
      receiptHandle: expect.any(String),
      body: '{}',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SenderId: expect.any(String),
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      },
      messageAttributes: {
        reason: { stringValue: 'test', stringListValues: [], binaryListValues: [], dataType: 'String' },
      },
      md5OfMessageAttributes: expect.any(String),
      md5OfBody: '99914b932bd37a50b983c5e7c90ae93b',
      eventSource: 'aws:sqs',
      eventSourceARN: output('WorkArn'),
      awsRegion: 'us-east-1',
    });
    await vi.waitFor(async () => expect(await left()).toBe(0), 5_000);
  });

  it('leaves only the reported failures, and they come again after the visibility time-out', async () => {
    await run({ queue: { VisibilityTimeout: 1 } });
    await send({}, { do: 'fail', firstTime: true }, {});
    await vi.waitFor(() => expect(received().flat()).toHaveLength(4), 10_000);
    const [first, again] = received()
      .flat()
      .filter(({ body }) => body.includes('fail'));
    expect(again?.messageId).toBe(first?.messageId);
    expect(again?.attributes.ApproximateReceiveCount).toBe('2');
    await vi.waitFor(async () => expect(await left()).toBe(0), 5_000);
  });

  it.each(['throw', 'exit', 'fail-wrongly'])('keeps the whole batch when the function does: %s', async (how) => {
    await run({ queue: { VisibilityTimeout: 2 } });
    await send({}, { do: how, firstTime: true }, {});
    await vi.waitFor(() => expect(received().flat()).toHaveLength(3), 10_000);
    expect(await left()).toBe(3);
    await vi.waitFor(async () => expect(await left()).toBe(0), 10_000);
  });

  it('moves a message to the dead-letter queue that the template names', async () => {
    await run({ queue: { VisibilityTimeout: 1 } });
    await send({ do: 'fail' });
    expect(await dead()).toMatchObject([{ Body: '{"do":"fail"}' }]);
  });

  it('runs no more invocations at a time than the template allows, each with at most a batch', async () => {
    await run({ mapping: { BatchSize: 1 } });
    await send(...Array.from({ length: 8 }, () => ({ do: 'wait', ms: 100 })));
    await vi.waitFor(async () => expect(await left()).toBe(0), 20_000);
    expect(received().map(({ length }) => length)).toEqual(Array.from({ length: 8 }, () => 1));
    expect(platform.functions.flatMap((host) => host.pids()).length).toBeLessThanOrEqual(2);
  });

  it('waits for a batch as long as the window says', async () => {
    await run({ mapping: { MaximumBatchingWindowInSeconds: 2 } });
    await send({});
    await send({});
    await vi.waitFor(() => expect(received().flat()).toHaveLength(2), 10_000);
    expect(received()).toHaveLength(1);
  });

  it('does nothing when the template disables it', async () => {
    await run({ mapping: { Enabled: false } });
    await send({});
    expect(platform.counts()).not.toHaveProperty(['SQS.ReceiveMessage']);
    expect(await left()).toBe(1);
  });
});

it('runs schedules at once and at their rate', async () => {
  const Target = { Arn: { 'Fn::GetAtt': ['Worker', 'Arn'] }, Input: '{"give":"probe"}' };
  const Properties = { ScheduleExpression: 'rate(1 minute)', Target, FlexibleTimeWindow: { Mode: 'OFF' } };
  await run({ resources: { Probe: { Type: 'AWS::Scheduler::Schedule', Properties } } });
  await vi.waitFor(() => expect(logs.filter((line) => line.includes('probe')).length).toBeGreaterThan(2), 10_000);
});

it('creates tables, topics with subscriptions, and secrets, and counts the requests they get', async () => {
  const arns = ['{"primary":"', { Ref: 'Primary' }, '","other":"arn:aws:secretsmanager:us-east-1:1:secret:mine"}'];
  await run(
    {
      resources: {
        Items: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            TableName: 'items',
            KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
            AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
            TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
          },
        },
        Primary: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'relays/primary' } },
        Topic: { Type: 'AWS::SNS::Topic' },
        Feed: {
          Type: 'AWS::SNS::Subscription',
          Properties: { TopicArn: { Ref: 'Topic' }, Protocol: 'sqs', Endpoint: { 'Fn::GetAtt': ['Dead', 'Arn'] } },
        },
      },
      outputs: { RelaySecretArns: { Value: { 'Fn::Join': ['', arns] } }, TopicArn: { Value: { Ref: 'Topic' } } },
    },
    { primary: '{"host":"a"}', other: '{"host":"b"}' },
  );

  await aws.dynamodb.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: 'x' } } }));
  const read = await aws.dynamodb.send(new GetItemCommand({ TableName: 'items', Key: { id: { S: 'x' } } }));
  await aws.sns.send(new PublishCommand({ TopicArn: output('TopicArn'), Message: 'hello' }));
  const secret = await aws.secretsManager.send(new GetSecretValueCommand({ SecretId: 'relays/primary' }));
  const named = await aws.secretsManager.send(new GetSecretValueCommand({ SecretId: 'mine' }));

  expect(read.Item).toEqual({ id: { S: 'x' } });
  expect(await dead()).toMatchObject([{ Body: expect.stringContaining('"Message":"hello"') }]);
  expect(secret.SecretString).toBe('{"host":"a"}');
  expect(named.SecretString).toBe('{"host":"b"}');
  await expect(platform.setSecret('absent', '{}')).rejects.toThrow('no relay absent; it has primary, other');
  expect(platform.counts()).toMatchObject({
    'DynamoDB.PutItem': 1,
    'DynamoDB.GetItem': 1,
    'SNS.Publish': 1,
    'SecretsManager.GetSecretValue': 2,
  });
});

it('kills a process at random, and its batch comes again', async () => {
  await run({ queue: { VisibilityTimeout: 2 } });
  await send({ do: 'hang', firstTime: true });
  await vi.waitFor(() => expect(received()).toHaveLength(1), 10_000);
  expect(platform.killRandomFunctionProcess()).toBeTypeOf('number');
  await vi.waitFor(async () => expect(await left()).toBe(0), 10_000);
  expect(problems).toEqual([expect.stringContaining('(crash): Runtime exited with error: signal: SIGKILL')]);
});

it('refuses a resource type it does not know, and closes what it had started', async () => {
  await run();
  const changes = { resources: { Stream: { Type: 'AWS::Kinesis::Stream' } } };
  await expect(runStack(stackAround(asset.directory, changes), {})).rejects.toThrow(
    'Resource Stream: the type AWS::Kinesis::Stream is not supported in a local run',
  );
});
