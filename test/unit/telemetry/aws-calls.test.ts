import { once } from 'node:events';
import { createServer } from 'node:http';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import { awsCallCounter } from '../../../lib/telemetry/aws-calls.ts';
import { createTelemetry, type Telemetry } from '../../../lib/telemetry/telemetry.ts';
import { emfDocuments, sumOf } from '../../support/emf.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** Clients of an endpoint that answers with the given status codes, one after another, then with 200. */
async function prepare(...statuses: number[]) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(statuses.shift() ?? 200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port was expected');

  const configuration = {
    endpoint: `http://127.0.0.1:${address.port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  };
  const sqs = new SQSClient(configuration);
  const dynamoDb = new DynamoDBClient(configuration);
  const lines: string[] = [];
  const telemetry = createTelemetry({ stage: 'test', clock: { now: () => 0 }, sink: (line) => lines.push(line) });
  const count: Telemetry['awsCall'] = (service, command) => {
    telemetry.count('AwsCalls');
    telemetry.awsCall(service, command);
  };
  sqs.middlewareStack.use(awsCallCounter(count));
  dynamoDb.middlewareStack.use(awsCallCounter(count));
  cleanUps.push(() => {
    sqs.destroy();
    dynamoDb.destroy();
    server.close();
  });
  return { sqs, dynamoDb, lines, telemetry };
}

const changeVisibility = new ChangeMessageVisibilityCommand({
  QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/q',
  ReceiptHandle: 'r',
  VisibilityTimeout: 1,
});
const getItem = new GetItemCommand({ TableName: 'ledger', Key: { key: { S: 'k' } } });

describe('AWS call counter', () => {
  it('counts requests of every client, by service and command beside the metric', async () => {
    const { sqs, dynamoDb, lines, telemetry } = await prepare();

    await sqs.send(changeVisibility);
    await dynamoDb.send(getItem);
    await dynamoDb.send(getItem);
    telemetry.flush();

    expect(sumOf(lines, 'AwsCalls')).toBe(3);
    expect(emfDocuments(lines)[0]?.properties).toMatchObject({
      awsCalls: { 'SQS.ChangeMessageVisibility': 1, 'DynamoDB.GetItem': 2 },
    });
  });

  it('counts each retry: it is billed, and it explains slowness', async () => {
    const { dynamoDb, lines, telemetry } = await prepare(500, 500);

    await dynamoDb.send(getItem);
    telemetry.flush();

    expect(sumOf(lines, 'AwsCalls')).toBe(3);
  });

  it('starts anew after a flush', async () => {
    const { sqs, lines, telemetry } = await prepare();

    await sqs.send(changeVisibility);
    telemetry.flush();
    telemetry.count('MessagesReceived');
    telemetry.flush();

    expect(emfDocuments(lines)[1]?.properties).not.toHaveProperty('awsCalls');
    expect(sumOf(lines, 'AwsCalls')).toBe(1);
  });
});
