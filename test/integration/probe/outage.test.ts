import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createAwsClients } from '../../../local/platform/aws-clients.ts';
import { type Platform, startPlatform } from '../../../local/platform/platform.ts';
import { secretFor, startRelay } from './rig.ts';

/** A port that leads to a relay, or to nobody. */
async function startDoor(relayPort: number) {
  const sockets = new Set<Socket>();
  const door = { open: false, port: 0 };
  const server = createServer((client) => {
    client.on('error', () => {});
    if (!door.open) {
      client.resetAndDestroy();
      return;
    }
    const relay = connect(relayPort, '127.0.0.1').on('error', () => {});
    for (const socket of [client, relay]) sockets.add(socket);
    client.pipe(relay).pipe(client);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  door.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return door;
}

async function startStage(secret: string): Promise<Platform> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'postroom-outage-'));
  const configPath = join(stateDirectory, 'stage.json');
  const config = {
    relays: { primary: { allowPlaintext: true } },
    probe: { intervalSeconds: 1, timeoutSeconds: 1 },
  };
  await writeFile(configPath, JSON.stringify(config));
  const platform = await startPlatform({ stage: 'test', configPath, stateDirectory, secrets: { primary: secret } });
  onTestFinished(async () => {
    await platform.close();
    await rm(stateDirectory, { recursive: true });
  });
  return platform;
}

it('pauses the intake while the only relay is down, and delivers once it is back', { timeout: 240_000 }, async () => {
  // Prepare: a stage whose relay is down.
  const relay = await startRelay();
  const door = await startDoor(relay.port);
  const platform = await startStage(secretFor(door.port));
  const { endpoints, outputs } = platform;
  const { region, accessKeyId, secretAccessKey } = endpoints;
  const lambda = new LambdaClient({
    region,
    endpoint: endpoints.lambda,
    credentials: { accessKeyId, secretAccessKey },
  });
  const aws = createAwsClients(endpoints);
  onTestFinished(() => {
    lambda.destroy();
    aws.destroy();
  });
  const mark = async () => {
    const Key = { relay: { S: '#probe' } };
    const command = new GetItemCommand({ TableName: outputs['RelayHealthTableName'], Key });
    return (await aws.dynamodb.send(command)).Item?.['pause'];
  };
  const marked = await vi.waitFor(async () => (await mark()) ?? expect.fail('not paused'), {
    timeout: 60_000,
    interval: 500,
  });
  const UUID = marked.M?.['mapping']?.S;
  const state = async () => (await lambda.send(new GetEventSourceMappingCommand({ UUID }))).State;
  await vi.waitFor(async () => expect(await state()).toBe('Disabled'), { timeout: 60_000, interval: 500 });

  // Act: a mail arrives during the outage; later the relay is back.
  const receives = platform.counts()['SQS.ReceiveMessage'];
  const mail = { from: 'shop@example.com', to: ['ada@example.org'], subject: 'Hi', text: 'Hello' };
  const QueueUrl = outputs['IntakeQueueUrl'];
  await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(mail) }));
  const waiting = await aws.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  door.open = true;
  await relay.until(({ messages }) => messages.length === 1);

  // Assess: the mail waited where it was, was received once, and nothing is left of the pause.
  expect(waiting.Attributes).toMatchObject({
    ApproximateNumberOfMessages: '1',
    ApproximateNumberOfMessagesNotVisible: '0',
  });
  expect(marked.M?.['reason']?.S).toBe('no relay can take mail: primary is unreachable');
  expect(platform.counts()['SQS.ReceiveMessage']).toBeLessThanOrEqual((receives ?? 0) + 2);
  expect(platform.counts()).not.toHaveProperty(['SQS.ChangeMessageVisibility']);
  await vi.waitFor(async () => expect([await state(), await mark()]).toEqual(['Enabled', undefined]), {
    timeout: 60_000,
    interval: 500,
  });
  expect(relay.messages).toHaveLength(1);
});
