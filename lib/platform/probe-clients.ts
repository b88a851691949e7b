import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { requestBounds } from './request-bounds.ts';

export interface ProbeClients {
  readonly dynamoDb: DynamoDBClient;
  readonly lambda: LambdaClient;
  readonly secretsManager: SecretsManagerClient;
}

/**
 * Clients configured by nothing but the SDK's standard environment. They give up early: whatever fails is tried again at
 * the next probe, and no request may be on its way when its run is over.
 */
export function probeClients(): ProbeClients {
  const config = { maxAttempts: 2, requestHandler: requestBounds(1000, 2000) };
  return {
    dynamoDb: new DynamoDBClient(config),
    lambda: new LambdaClient({ ...config, maxAttempts: 1 }),
    secretsManager: new SecretsManagerClient(config),
  };
}
