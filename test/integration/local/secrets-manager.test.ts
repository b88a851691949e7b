import type { Server } from 'node:http';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeServer, listenOnLoopback } from '../../../local/platform/loopback.ts';
import { createSecretsManager } from '../../../local/secrets-manager/server.ts';

const account = { region: 'us-east-1', accountId: '000000000000' };
let server: Server;
let client: SecretsManagerClient;
let endpoint: string;

beforeEach(async () => {
  server = createSecretsManager(account, { now: () => 1_700_000_000_000 });
  endpoint = await listenOnLoopback(server);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new SecretsManagerClient({ endpoint, region: account.region, credentials, maxAttempts: 1 });
});

afterEach(async () => {
  client.destroy();
  await closeServer(server);
});

const create = (SecretString?: string) => client.send(new CreateSecretCommand({ Name: 'relays/a', SecretString }));
const get = (changes: { SecretId?: string; VersionId?: string; VersionStage?: string } = {}) =>
  client.send(new GetSecretValueCommand({ SecretId: 'relays/a', ...changes }));
const put = (SecretString: string, ClientRequestToken?: string) =>
  client.send(new PutSecretValueCommand({ SecretId: 'relays/a', SecretString, ClientRequestToken }));

describe('a secret', () => {
  it('without a value says so in the words of the service', async () => {
    const { ARN, VersionId } = await create();
    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:relays\/a-[0-9a-f]{6}$/);
    expect(VersionId).toBeUndefined();
    await expect(get()).rejects.toThrow(ResourceNotFoundException);
    await expect(get()).rejects.toThrow(
      "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    );
  });

  it('is found by name, ARN, and ARN without its last characters', async () => {
    const { ARN = '' } = await create('x');
    for (const SecretId of ['relays/a', ARN, ARN.slice(0, -7)]) {
      expect(await get({ SecretId })).toMatchObject({ SecretString: 'x', ARN, Name: 'relays/a' });
    }
  });

  it('that does not exist', async () => {
    await expect(get()).rejects.toThrow("Secrets Manager can't find the specified secret.");
    await expect(put('x')).rejects.toThrow(ResourceNotFoundException);
  });

  it('is created once', async () => {
    await create();
    await expect(create()).rejects.toThrow(ResourceExistsException);
  });
});

describe('versions', () => {
  it('move AWSCURRENT to the newest and AWSPREVIOUS to the one before', async () => {
    const first = await create('1');
    const second = await put('2');
    const third = await client.send(new UpdateSecretCommand({ SecretId: 'relays/a', SecretString: '3' }));
    expect(await get()).toMatchObject({ SecretString: '3', VersionId: third.VersionId, VersionStages: ['AWSCURRENT'] });
    expect(await get({ VersionStage: 'AWSPREVIOUS' })).toMatchObject({
      SecretString: '2',
      VersionId: second.VersionId,
    });
    expect(await get({ VersionId: first.VersionId ?? '' })).toMatchObject({ SecretString: '1', VersionStages: [] });
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: 'relays/a' }));
    expect(VersionIdsToStages).toEqual({
      [second.VersionId ?? '']: ['AWSPREVIOUS'],
      [third.VersionId ?? '']: ['AWSCURRENT'],
    });
  });

  it('are idempotent by their token', async () => {
    const token = 'a'.repeat(32);
    await create();
    await put('1', token);
    await put('2');
    expect(await put('1', token)).toMatchObject({ VersionId: token });
    expect(await get()).toMatchObject({ SecretString: '2' });
    await expect(put('other', token)).rejects.toThrow(ResourceExistsException);
  });

  it('that do not exist', async () => {
    await create('1');
    await expect(get({ VersionId: 'b'.repeat(32) })).rejects.toThrow(/can't find .* for VersionId: b{32}/);
    await expect(get({ VersionStage: 'AWSPREVIOUS' })).rejects.toThrow('staging label: AWSPREVIOUS');
  });
});

it('lists secrets with their dates', async () => {
  await create('1');
  const { SecretList } = await client.send(new ListSecretsCommand({}));
  expect(SecretList).toMatchObject([{ Name: 'relays/a', CreatedDate: new Date(1_700_000_000_000) }]);
});

it('answers operations it does not know, and input that is not valid, as the service does', async () => {
  await expect(client.send(new DeleteSecretCommand({ SecretId: 'relays/a' }))).rejects.toMatchObject({
    name: 'UnknownOperationException',
  });
  await expect(client.send(new CreateSecretCommand({ Name: '' }))).rejects.toMatchObject({
    name: 'ValidationException',
  });
});

it('does not stop serving after a body that is not JSON', async () => {
  const headers = { 'x-amz-target': 'secretsmanager.GetSecretValue' };
  const response = await fetch(endpoint, { method: 'POST', headers, body: '{' });
  expect(await response.json()).toMatchObject({ __type: 'SerializationException' });
  expect(await create()).toMatchObject({ Name: 'relays/a' });
});
