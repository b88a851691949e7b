import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, it } from 'vitest';
import { createSecretReader } from '../../lib/relays/secret-reader.ts';

const cleanUps: (() => void)[] = [];

/** Secrets Manager as the SDK sees it: AWS JSON 1.1 over HTTP. */
async function startReader(listener: RequestListener) {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new SecretsManagerClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  cleanUps.push(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  return createSecretReader(client);
}

function answering(status: number, body: unknown): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  };
}

const inTime = () => AbortSignal.timeout(10_000);

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

describe('the secret reader', () => {
  it('asks for one stage of one secret', async () => {
    const asked: unknown[] = [];
    const reader = await startReader(async (request, response) => {
      asked.push(request.headers['x-amz-target'], await json(request));
      response.end(JSON.stringify({ VersionId: 'v-7', SecretString: '{"host":"h"}' }));
    });

    expect(await reader.read('postroom/primary', 'AWSPREVIOUS', inTime())).toEqual({
      kind: 'value',
      versionId: 'v-7',
      text: '{"host":"h"}',
    });
    expect(asked).toEqual([
      'secretsmanager.GetSecretValue',
      { SecretId: 'postroom/primary', VersionStage: 'AWSPREVIOUS' },
    ]);
  });

  it('reads a binary secret as text', async () => {
    const binary = Buffer.from('{"host":"h"}').toString('base64');
    const reader = await startReader(answering(200, { VersionId: 'v', SecretBinary: binary }));

    expect(await reader.read('id', 'AWSCURRENT', inTime())).toMatchObject({ text: '{"host":"h"}' });
  });

  it.each([
    ['ResourceNotFoundException', 400, 'missing'],
    ['InvalidRequestException', 400, 'missing'],
    ['AccessDeniedException', 400, 'denied'],
    ['DecryptionFailure', 400, 'denied'],
    ['ThrottlingException', 400, 'away'],
    ['InternalServiceError', 500, 'away'],
    ['ExpiredTokenException', 400, 'away'],
    ['NobodyKnowsThisException', 418, 'away'],
  ])('takes %s (%i) for "%s", and keeps the message to itself', async (name, status, kind) => {
    const reader = await startReader(answering(status, { __type: name, message: 'canary' }));

    const read = await reader.read('id', 'AWSCURRENT', inTime());
    expect(read.kind).toBe(kind);
    expect(JSON.stringify(read)).not.toContain('canary');
  });

  it('takes something that is no Secrets Manager for an outage', async () => {
    const reader = await startReader((_request, response) => void response.end('<html>'));

    expect(await reader.read('id', 'AWSCURRENT', inTime())).toMatchObject({ kind: 'away' });
  });

  it('leaves a service that says nothing when the signal ends', async () => {
    const controller = new AbortController();
    const reader = await startReader(() => controller.abort());

    expect(await reader.read('id', 'AWSCURRENT', controller.signal)).toEqual({
      kind: 'away',
      reason: 'Secrets Manager could not be asked (AbortError)',
    });
  });
});
