import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { byConfiguredEndpoint } from './queue-endpoint.ts';

export interface EventClients {
  readonly eventBridge: EventBridgeClient;
  readonly sqs: SQSClient;
}

/**
 * Clients configured by nothing but the SDK's standard environment. Patient: the stream waits meanwhile, and a throttled
 * call that is repeated here costs less than a batch that comes again.
 */
export function eventClients(): EventClients {
  const config = { maxAttempts: 5, requestHandler: { connectionTimeout: 2000, requestTimeout: 5000 } };
  return { eventBridge: new EventBridgeClient(config), sqs: new SQSClient({ ...config, ...byConfiguredEndpoint }) };
}
