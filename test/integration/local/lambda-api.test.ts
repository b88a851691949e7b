import {
  GetEventSourceMappingCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AwsClients, createAwsClients } from '../../../local/platform/aws-clients.ts';
import { type Platform, runStack } from '../../../local/platform/platform.ts';
import { createAsset } from './fixture.ts';
import { stackAround } from './stack.ts';

let asset: Awaited<ReturnType<typeof createAsset>>;
let platform: Platform;
let lambda: LambdaClient;
let aws: AwsClients;
let uuid: string;
const logs: string[] = [];

beforeEach(async () => {
  logs.length = 0;
  asset = await createAsset();
  const outputs = { Mapping: { Value: { Ref: 'Mapping' } } };
  platform = await runStack(stackAround(asset.directory, { outputs }), { onLog: ({ line }) => logs.push(line) });
  const { region, accessKeyId, secretAccessKey, lambda: endpoint } = platform.endpoints;
  lambda = new LambdaClient({ region, endpoint, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
  aws = createAwsClients(platform.endpoints);
  uuid = platform.outputs['Mapping'] ?? '';
});

afterEach(async () => {
  lambda.destroy();
  aws.destroy();
  await platform.close();
  await asset.remove();
});

const state = async () => (await lambda.send(new GetEventSourceMappingCommand({ UUID: uuid }))).State;
const change = (Enabled: boolean) => lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled }));
const send = (body: string) =>
  aws.sqs.send(new SendMessageCommand({ QueueUrl: platform.outputs['WorkUrl'], MessageBody: body }));

describe('the Lambda API', () => {
  it('describes an event source mapping as Lambda does', async () => {
    const mapping = await lambda.send(new GetEventSourceMappingCommand({ UUID: uuid }));
    expect(uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(mapping).toMatchObject({
      UUID: uuid,
      State: 'Enabled',
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: 0,
      EventSourceArn: platform.outputs['WorkArn'],
      FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test-Worker',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
      LastModified: expect.any(Date),
    });
    const list = async (query: object) =>
      (await lambda.send(new ListEventSourceMappingsCommand(query))).EventSourceMappings?.map(({ UUID }) => UUID);
    expect(await list({})).toEqual([uuid]);
    expect(await list({ EventSourceArn: platform.outputs['WorkArn'], FunctionName: 'test-Worker' })).toEqual([uuid]);
    expect(await list({ FunctionName: 'other' })).toEqual([]);
    expect(platform.counts()).toMatchObject({ 'Lambda.GetEventSourceMapping': 1, 'Lambda.ListEventSourceMappings': 3 });
  });

  it('stops and starts what feeds the function', async () => {
    expect((await change(false)).State).toBe('Disabling');
    await expect(change(true)).rejects.toMatchObject({ name: 'ResourceInUseException' });
    // The receive that was under way may still take a message.
    await send('{}');
    await vi.waitFor(async () => expect(await state()).toBe('Disabled'), { timeout: 25_000, interval: 200 });
    const receives = platform.counts()['SQS.ReceiveMessage'];
    await send('{}');
    expect(await state()).toBe('Disabled');
    expect(platform.counts()['SQS.ReceiveMessage']).toBe(receives);

    expect((await change(true)).State).toBe('Enabling');
    await vi.waitFor(async () => expect(await state()).toBe('Enabled'), 5000);
    await vi.waitFor(() => expect(logs.filter((line) => line.includes('"records"'))).toHaveLength(2), 10_000);
  });

  it('leaves a mapping as it is when nothing is to be changed', async () => {
    expect((await change(true)).State).toBe('Enabled');
  });

  it('refuses what it does not know, and what it would only pretend to do', async () => {
    const unknown = new GetEventSourceMappingCommand({ UUID: 'unknown' });
    await expect(lambda.send(unknown)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const resize = new UpdateEventSourceMappingCommand({ UUID: uuid, BatchSize: 5 });
    await expect(lambda.send(resize)).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
    const move = new UpdateEventSourceMappingCommand({ UUID: uuid, FunctionName: 'other' });
    await expect(lambda.send(move)).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
    expect((await fetch(`${platform.endpoints.lambda}/2015-03-31/functions`)).status).toBe(404);
  });
});
