import { EventBridgeClient } from '@aws-sdk/client-eventbridge';

/**
 * A client configured by nothing but the SDK's standard environment. Patient: the stream waits meanwhile, and a throttled
 * call that is repeated here costs less than a batch that comes again.
 */
export function eventClient(): EventBridgeClient {
  return new EventBridgeClient({ maxAttempts: 5, requestHandler: { connectionTimeout: 2000, requestTimeout: 5000 } });
}
