import { DeleteMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { auditClients } from '../../../lib/platform/audit-clients.ts';
import { awsClients } from '../../../lib/platform/aws-clients.ts';

const makers: readonly (readonly [string, () => { readonly sqs: SQSClient }])[] = [
  ['sender', awsClients],
  ['audit', auditClients],
];

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
afterEach(() => vi.unstubAllEnvs());

/** The request as it would be sent; nothing leaves the process. */
async function requestOf({ sqs }: { readonly sqs: SQSClient }, queueUrl: string): Promise<unknown> {
  let asked: unknown;
  sqs.middlewareStack.add(
    () =>
      async ({ request }) => {
        asked = request;
        return { response: {}, output: { $metadata: {} } };
      },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: 'r' }));
  sqs.destroy();
  return asked;
}

describe.each(makers)('the SQS client of the %s', (_, make) => {
  it('asks the endpoint of the environment, whatever host the queue has', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_SQS', 'http://127.0.0.1:1');
    expect(await requestOf(make(), 'http://sqs.eu-west-1.localhost.invalid/1/q')).toMatchObject({
      hostname: '127.0.0.1',
    });
  });

  it("asks AWS in the environment's region when no endpoint is given", async () => {
    const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/intake';
    expect(await requestOf(make(), queueUrl)).toMatchObject({ hostname: 'sqs.eu-west-1.amazonaws.com' });
  });

  it('asks the FIPS endpoint where the environment wants that', async () => {
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
    const queueUrl = 'https://sqs.us-east-1.amazonaws.com/123456789012/intake';
    expect(await requestOf(make(), queueUrl)).toMatchObject({ hostname: 'sqs-fips.us-east-1.amazonaws.com' });
  });
});
