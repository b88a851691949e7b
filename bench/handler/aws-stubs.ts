import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClients } from '../../lib/platform/aws-clients.ts';

/**
 * Where AWS is answered: `client` instead of the SDK's client, as a unit under test sees it; `wire` below the SDK, which
 * then marshals, signs and parses as ever, and only the network is missing.
 */
export type StubLevel = 'client' | 'wire';

/** Clients whose requests never leave the process. The one relay's secret points at the given port. */
export function stubClients(port: number, level: StubLevel): AwsClients {
  const secret = { SecretString: JSON.stringify({ host: '127.0.0.1', port, tls: 'none' }), VersionId: '1' };
  return {
    dynamoDb: stubbed(new DynamoDBClient(config({})), {}, level),
    sqs: stubbed(new SQSClient(config({})), {}, level),
    secretsManager: stubbed(new SecretsManagerClient(config(secret)), secret, level),
    s3: () => new S3Client(config({})),
  };
}

function config(answer: object) {
  const body = Buffer.from(JSON.stringify(answer));
  const headers = { 'content-type': 'application/x-amz-json-1.0' };
  return {
    region: 'eu-west-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    requestHandler: { handle: async () => ({ response: { statusCode: 200, headers, body } }) },
  };
}

function stubbed<Client extends object>(client: Client, answer: object, level: StubLevel): Client {
  return level === 'wire' ? client : Object.assign(client, { send: async () => answer });
}
