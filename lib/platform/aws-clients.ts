import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { byConfiguredEndpoint } from './queue-endpoint.ts';
import { requestBounds } from './request-bounds.ts';

export interface AwsClients {
  readonly dynamoDb: DynamoDBClient;
  readonly secretsManager: SecretsManagerClient;
  readonly sqs: SQSClient;
  /** Made at the first attachment that lies in S3: most mails have none. */
  readonly s3: () => S3Client;
}

/**
 * Clients configured by nothing but the SDK's standard environment: region, credentials, AWS_ENDPOINT_URL.
 */
export function awsClients(): AwsClients {
  const config = { maxAttempts: 3, requestHandler: requestBounds(2000, 5000) };
  let s3: S3Client | undefined;
  return {
    dynamoDb: new DynamoDBClient(config),
    secretsManager: new SecretsManagerClient(config),
    sqs: new SQSClient({ ...config, ...byConfiguredEndpoint }),
    s3: () => {
      // Path style: a bucket name with dots fits no wildcard certificate, and not every endpoint has a host per bucket.
      s3 ??= new S3Client({
        ...config,
        requestHandler: requestBounds(2000, 30_000),
        forcePathStyle: true,
      });
      return s3;
    },
  };
}
