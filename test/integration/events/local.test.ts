import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AwsClients, createAwsClients } from '../../../local/platform/aws-clients.ts';
import { type Platform, runStack } from '../../../local/platform/platform.ts';
import type { JsonObject } from '../../../local/template/template.ts';
import { createAsset } from '../local/fixture.ts';
import { stackAround } from '../local/stack.ts';

/** A table with a stream that feeds the function, and a rule that leads to a queue. */
const resources: JsonObject = {
  Items: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      TableName: 'items',
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  },
  Changes: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: { 'Fn::GetAtt': ['Items', 'StreamArn'] },
      FunctionName: { Ref: 'Worker' },
      StartingPosition: 'TRIM_HORIZON',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Dead', 'Arn'] } } },
    },
  },
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventBusName: 'mail',
      EventPattern: { source: ['postroom'], 'detail-type': ['Email Failed'] },
      Targets: [{ Id: 'Target0', Arn: { 'Fn::GetAtt': ['Dead', 'Arn'] } }],
    },
  },
};

/** Logs what it gets; an item with `fail` is reported as failed. */
const source = `
export const handler = async ({ Records }) => {
  console.log(JSON.stringify({ records: Records }));
  const failed = Records.filter(({ dynamodb }) => dynamodb?.NewImage?.fail);
  return { batchItemFailures: failed.map(({ dynamodb }) => ({ itemIdentifier: dynamodb.SequenceNumber })) };
};`;

let asset: Awaited<ReturnType<typeof createAsset>>;
let platform: Platform;
let aws: AwsClients;
let events: EventBridgeClient;
const logs: string[] = [];

beforeEach(async () => {
  logs.length = 0;
  asset = await createAsset(source);
  platform = await runStack(stackAround(asset.directory, { resources }), { onLog: ({ line }) => logs.push(line) });
  aws = createAwsClients(platform.endpoints);
  const { region, accessKeyId, secretAccessKey, eventBridge } = platform.endpoints;
  events = new EventBridgeClient({ region, credentials: { accessKeyId, secretAccessKey }, endpoint: eventBridge });
});

afterEach(async () => {
  events.destroy();
  aws.destroy();
  await platform.close();
  await asset.remove();
});

const put = (Item: PutItemCommand['input']['Item'], condition?: string) =>
  aws.dynamodb.send(new PutItemCommand({ TableName: 'items', Item, ConditionExpression: condition }));

const records = (): DynamoDBRecord[] =>
  logs.filter((line) => line.startsWith('{"records"')).flatMap((line) => JSON.parse(line).records);

async function taken(): Promise<string> {
  const command = new ReceiveMessageCommand({ QueueUrl: platform.outputs['DeadUrl'], WaitTimeSeconds: 20 });
  return (await aws.sqs.send(command)).Messages?.[0]?.Body ?? '{}';
}

describe('the change stream of a table', () => {
  it('hands the function old and new images of what took effect, in order', async () => {
    await put({ key: { S: 'a' }, n: { N: '1' } });
    await put({ key: { S: 'a' }, n: { N: '2' } });
    await expect(put({ key: { S: 'a' }, n: { N: '3' } }, 'attribute_not_exists(n)')).rejects.toThrow();
    await aws.dynamodb.send(new DeleteItemCommand({ TableName: 'items', Key: { key: { S: 'a' } } }));

    await vi.waitFor(() => expect(records()).toHaveLength(3), 10_000);
    const [first, second, third] = records();
    expect(first).toMatchObject({ eventName: 'INSERT', eventSource: 'aws:dynamodb' });
    expect(first?.dynamodb?.OldImage).toBeUndefined();
    expect(second).toMatchObject({
      eventName: 'MODIFY',
      dynamodb: { Keys: { key: { S: 'a' } }, OldImage: { n: { N: '1' } }, NewImage: { n: { N: '2' } } },
    });
    expect(third).toMatchObject({ eventName: 'REMOVE', dynamodb: { OldImage: { n: { N: '2' } } } });
  });

  it('gives up by the template’s limits and tells the failure destination which record it was', async () => {
    await put({ key: { S: 'a' }, fail: { BOOL: true } });

    expect(JSON.parse(await taken())).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted' },
      DDBStreamBatchInfo: { batchSize: 1 },
    });
  });
});

describe('the event bus', () => {
  it('delivers what a rule matches to its queue, and drops the rest', async () => {
    const entry = { EventBusName: 'mail', Source: 'postroom', Time: new Date('2026-01-01T12:00:00Z') };
    const answer = await events.send(
      new PutEventsCommand({
        Entries: [
          { ...entry, DetailType: 'Email Delivered', Detail: '{}' },
          { ...entry, EventBusName: 'other', DetailType: 'Email Failed', Detail: '{}' },
          { ...entry, DetailType: 'Email Failed', Detail: '{"key":"order-1"}' },
          { ...entry, DetailType: 'Email Failed', Detail: 'no JSON' },
        ],
      }),
    );

    expect(answer.FailedEntryCount).toBe(1);
    expect(answer.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      undefined,
      undefined,
      'MalformedDetail',
    ]);
    expect(JSON.parse(await taken())).toEqual({
      version: '0',
      id: answer.Entries?.[2]?.EventId,
      'detail-type': 'Email Failed',
      source: 'postroom',
      account: '000000000000',
      time: '2026-01-01T12:00:00Z',
      region: 'us-east-1',
      resources: [],
      detail: { key: 'order-1' },
    });
    expect(platform.counts()).toMatchObject({ 'EventBridge.PutEvents': 1 });
  });

  it('takes ten events and 256 KB in one call', async () => {
    const entry = { EventBusName: 'mail', Source: 'postroom', DetailType: 'Email Failed' };
    const small = Array.from({ length: 11 }, () => ({ ...entry, Detail: '{}' }));
    const large = Array.from({ length: 2 }, () => ({ ...entry, Detail: JSON.stringify('x'.repeat(140_000)) }));

    await expect(events.send(new PutEventsCommand({ Entries: small }))).rejects.toThrow(/Validation|length/i);
    await expect(events.send(new PutEventsCommand({ Entries: large }))).rejects.toThrow(/256 KB/);
  });
});
