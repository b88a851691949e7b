import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { composeSender } from '../../functions/compose-sender.ts';
import type { SenderSettings } from '../../lib/contracts/sender-environment.ts';
import type { Clock } from '../../lib/platform/clock.ts';
import { requestBounds } from '../../lib/platform/request-bounds.ts';
import { createLog } from '../../lib/telemetry/log.ts';
import { createTelemetry } from '../../lib/telemetry/telemetry.ts';
import { stubClients } from '../handler/aws-stubs.ts';
import { environment } from '../handler/environment.ts';
import { batchOf, benchMail } from '../handler/mails.ts';
import type { News } from './evidence.ts';

export interface EnvironmentData {
  readonly tableEndpoint: string;
  readonly tableName: string;
  readonly relayPort: number;
  /** How much this environment's clock is ahead of the true time, in milliseconds. */
  readonly skewMs: number;
  /** Milliseconds between two mails, on average. */
  readonly mailEveryMs: number;
  readonly breaker: SenderSettings['breaker'];
}

/**
 * One execution environment in a thread of its own: the sender as it is deployed, with modules, caches, connections and a
 * clock that it shares with nobody. Real are the health table's client and the way to the relay; the ledger, the queues
 * and the secret answer within the thread. It always has a mail to send.
 */
const { tableEndpoint, tableName, relayPort, skewMs, mailEveryMs, breaker }: EnvironmentData = workerData;
const stage = 'bench';
const clock: Clock = { now: () => Date.now() + skewMs };

function tell(news: News): void {
  parentPort?.postMessage(news);
}

subscribe('net.client.socket', (message) => {
  const socket = typeof message === 'object' && message !== null && 'socket' in message ? message.socket : undefined;
  if (!(socket instanceof Socket)) return;
  socket.on('connectionAttempt', (_ip: string, port: number) => {
    if (port === relayPort) tell({ type: 'attempt', at: Date.now() });
  });
});

function healthTableOnly(): DynamoDBClient {
  const client = new DynamoDBClient({
    region: 'eu-west-1',
    endpoint: tableEndpoint,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 3,
    requestHandler: requestBounds(2000, 5000),
  });
  const { POSTROOM_LEDGER_TABLE: ledger } = environment();
  client.middlewareStack.add(
    (next) => async (args) =>
      'TableName' in args.input && args.input.TableName === ledger
        ? { output: { $metadata: {} }, response: undefined }
        : next(args),
    { step: 'initialize' },
  );
  return client;
}

const { POSTROOM_SETTINGS: settings, ...variables } = environment();
const sender = composeSender({
  environment: {
    ...variables,
    POSTROOM_RELAY_HEALTH_TABLE: tableName,
    POSTROOM_SETTINGS: { ...settings, breaker },
  },
  clients: { ...stubClients(relayPort, 'client'), dynamoDb: healthTableOnly() },
  clock,
  random: Math.random,
  telemetry: createTelemetry({ stage, clock, sink: () => {} }),
  log: createLog({
    stage,
    clock,
    write: (line) => {
      if (line.includes('"relay.health-unavailable"')) tell({ type: 'table-away', at: Date.now() });
    },
  }),
});
const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 170_000 };

for (let index = 0; ; index += 1) {
  const { batchItemFailures } = await sender.handle(batchOf([benchMail(index)], index), context);
  tell({ type: 'mail', at: Date.now(), accepted: batchItemFailures.length === 0 });
  await pause(mailEveryMs * (0.5 + Math.random()));
}
