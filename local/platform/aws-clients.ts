import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { byConfiguredEndpoint } from '../../lib/platform/queue-endpoint.ts';
import type { Endpoints } from './emulators.ts';

/** The platform's own clients, as CloudFormation and the Lambda service would have them. */
export interface AwsClients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
  readonly secretsManager: SecretsManagerClient;
  destroy(): void;
}

export function createAwsClients(endpoints: Omit<Endpoints, 'lambda' | 'eventBridge'>): AwsClients {
  const { region, accessKeyId, secretAccessKey } = endpoints;
  const common = { region, credentials: { accessKeyId, secretAccessKey } };
  const clients = {
    sqs: new SQSClient({ ...common, endpoint: endpoints.sqs, ...byConfiguredEndpoint }),
    sns: new SNSClient({ ...common, endpoint: endpoints.sns }),
    s3: new S3Client({ ...common, endpoint: endpoints.s3, forcePathStyle: true }),
    dynamodb: new DynamoDBClient({ ...common, endpoint: endpoints.dynamodb }),
    secretsManager: new SecretsManagerClient({ ...common, endpoint: endpoints.secretsManager }),
  };
  return { ...clients, destroy: () => Object.values(clients).forEach((client) => void client.destroy()) };
}
