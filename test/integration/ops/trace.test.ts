import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynamoDbLedger } from '../../../lib/ledger/dynamodb-store.ts';
import { createLog } from '../../../lib/telemetry/log.ts';
import { type AwsClients, createAwsClients } from '../../../local/platform/aws-clients.ts';
import { type Emulators, startEmulators } from '../../../local/platform/emulators.ts';
import { closeServer, listenOnLoopback } from '../../../local/platform/loopback.ts';

const key = 'welcome/ada@example.org';
const table = 'ledger';
const query = v.object({ queryString: v.string(), logGroupName: v.string(), startTime: v.number() });

let emulators: Emulators;
let clients: AwsClients;
let cloud: { readonly url: string; close(): Promise<void>; readonly queries: v.InferOutput<typeof query>[] };

beforeAll(async () => {
  emulators = await startEmulators();
  clients = createAwsClients(emulators.endpoints);
  await clients.dynamodb.send(
    new CreateTableCommand({
      TableName: table,
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  cloud = await startCloud();
});
afterAll(async () => {
  clients.destroy();
  await emulators.close();
  await cloud.close();
});

/** CloudFormation, Lambda and CloudWatch Logs, as far as the command asks them. */
async function startCloud() {
  const queries: v.InferOutput<typeof query>[] = [];
  const lines: string[] = [];
  const log = createLog({ stage: 'prod', clock: { now: Date.now }, write: (line) => lines.push(line) });
  log.event('mail.attempt', { key, relay: 'primary', outcome: 'accepted', counts: { accepted: 1 } });
  let asked = 0;
  const server = createServer(async (request, response) => {
    const target = String(request.headers['x-amz-target'] ?? '');
    if (target.endsWith('StartQuery')) {
      queries.push(v.parse(query, await json(request)));
      response.end('{"queryId":"q-1"}');
    } else if (target.endsWith('GetQueryResults')) {
      asked += 1;
      const results = [[{ field: '@message', value: lines[0] }], [{ field: '@message', value: 'REPORT no JSON' }]];
      response.end(JSON.stringify(asked === 1 ? { status: 'Running' } : { status: 'Complete', results }));
    } else if (request.url?.includes('/functions/')) {
      response.end('{"LoggingConfig":{"LogGroup":"the-log"}}');
    } else {
      response.setHeader('content-type', 'text/xml');
      response.end(stackXml({ LedgerTableName: table, SenderFunctionName: 'sender' }));
    }
  });
  const url = await listenOnLoopback(server);
  return { url, queries, close: () => closeServer(server) };
}

function stackXml(outputs: Readonly<Record<string, string>>): string {
  const members = Object.entries(outputs).map(
    ([name, value]) => `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}

async function trace(...args: string[]) {
  const { region, accessKeyId, secretAccessKey, dynamodb } = emulators.endpoints;
  const env = {
    ...process.env,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL: cloud.url,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
  };
  const child = spawn(process.execPath, ['ops/trace/main.ts', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, exitCode };
}

describe('npm run trace -- KEY --stage NAME', { timeout: 60_000 }, () => {
  it('asks ledger and log for the key as each of them holds it', async () => {
    const at = Date.now();
    const recipients = {
      'ada@example.org': { status: 'accepted', at, relay: 'primary', code: 250, text: 'OK' },
    } as const;
    await dynamoDbLedger(clients.dynamodb, table).write(
      {
        ...{ key, recipients, writeId: 'w', payloadHash: 'h', state: 'settled', attempts: 1, crashes: 0 },
        ...{ firstSeenAt: at, deadLetters: {}, changedAt: at, ttl: Math.floor(at / 1000) + 1000 },
      },
      undefined,
    );

    const { stdout, stderr, exitCode } = await trace(key, '--stage', 'prod');

    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Delivered to its recipient; 1 attempt charged.');
    expect(stdout).toContain('primary took it for 1 recipient');
    const [asked] = cloud.queries;
    expect(asked?.logGroupName).toBe('the-log');
    expect(asked?.queryString).toMatch(
      /filter key = "example\.org#[0-9a-f]{8}" or sqsId = "welcome\/ada@example\.org"/,
    );
  });

  it('says it when nothing is known', async () => {
    expect(await trace('nobody', '--stage', 'prod')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Nothing is known of nobody in stage prod'),
    });
  });
});
