import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { byConfiguredEndpoint } from './queue-endpoint.ts';

export interface AuditClients {
  readonly dynamoDb: DynamoDBClient;
  readonly sqs: SQSClient;
}

/** Clients configured by nothing but the SDK's standard environment. Nobody waits for an audit: they may take their time. */
export function auditClients(): AuditClients {
  const config = { maxAttempts: 5, requestHandler: { connectionTimeout: 2000, requestTimeout: 10_000 } };
  return { dynamoDb: new DynamoDBClient(config), sqs: new SQSClient({ ...config, ...byConfiguredEndpoint }) };
}
