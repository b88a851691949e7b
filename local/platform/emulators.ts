import type { Server } from 'node:http';
import dynalite from 'dynalite';
import { buildApp } from 'fauxqs';
import { systemClock } from '../../lib/platform/clock.ts';
import { createEventBuses, type EventBuses } from '../events-bus/server.ts';
import { createSecretsManager } from '../secrets-manager/server.ts';
import type { EventSourcePoller } from './event-source-poller.ts';
import { createLambdaApi } from './lambda-api.ts';
import { closeServer, listenOnLoopback, loopback } from './loopback.ts';
import { createRequestCounter, type RequestCounter, targetAction } from './request-counter.ts';
import { recordChanges, type TableChanges } from './stream-recorder.ts';

/** Where AWS clients find the emulated services: what `endpoints.json` tells about them. */
export interface Endpoints {
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Endpoint URLs, without a trailing slash. */
  readonly sqs: string;
  readonly sns: string;
  readonly s3: string;
  readonly dynamodb: string;
  readonly secretsManager: string;
  readonly lambda: string;
  readonly eventBridge: string;
}

export interface Emulators {
  readonly accountId: string;
  readonly endpoints: Endpoints;
  /** Event source mappings that the Lambda API knows, by UUID; whoever runs them adds them. */
  readonly mappings: Map<string, EventSourcePoller>;
  /** What is written to tables, for whoever plays their change streams. */
  readonly changes: TableChanges;
  /** Where rules are added by whoever runs them. */
  readonly buses: Pick<EventBuses, 'addRule'>;
  /** Requests received so far by service and action; S3 by HTTP method. */
  counts(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

const region = 'us-east-1';
// What fauxqs puts into the ARNs of queues and topics; it cannot be set.
const accountId = '000000000000';
// Longer than any SDK keeps an unused connection: a socket must not die under a client that was frozen for a moment.
const keepAliveMs = 300_000;

/** Starts the services the stack uses, in this process, in memory, on random ports of the loopback interface. */
export async function startEmulators(): Promise<Emulators> {
  const counter = createRequestCounter();
  const mappings = new Map<string, EventSourcePoller>();
  const dynamodb = survivingAborts(dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }));
  const changes = recordChanges(dynamodb);
  const buses = createEventBuses({ region, accountId, counter });
  const [queues, tables, secrets, lambda, events] = await Promise.all([
    startQueues(counter),
    listen(countTargets(dynamodb, counter)),
    listen(countTargets(createSecretsManager({ region, accountId }, systemClock), counter)),
    listen(createLambdaApi({ region, accountId, mappings, counter })),
    listen(buses.server),
  ]);
  return {
    accountId,
    endpoints: {
      region,
      accessKeyId: 'local',
      secretAccessKey: 'local',
      sqs: queues.url,
      sns: queues.url,
      s3: queues.url,
      dynamodb: tables.url,
      secretsManager: secrets.url,
      lambda: lambda.url,
      eventBridge: events.url,
    },
    mappings,
    changes,
    buses,
    counts: counter.counts,
    close: async () => {
      await Promise.all([queues, tables, secrets, lambda, events].map((one) => one.close()));
    },
  };
}

interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** SQS, SNS and S3. Built and bound here because `startFauxqs` listens on every interface. */
async function startQueues(counter: RequestCounter): Promise<Listening> {
  const app = buildApp({ logger: false });
  app.addHook('preHandler', (request, _reply, done) => {
    counter.count(targetAction(request.headers['x-amz-target']) ?? snsAction(request.body) ?? `S3.${request.method}`);
    done();
  });
  app.server.keepAliveTimeout = keepAliveMs;
  const url = await app.listen({ port: 0, host: loopback });
  return { url, close: () => app.close() };
}

/** SNS speaks the AWS query protocol: the action is a form field. */
function snsAction(body: unknown): string | undefined {
  const form = typeof body === 'object' && body !== null && 'Action' in body;
  return form ? `SNS.${String(body.Action)}` : undefined;
}

function countTargets(server: Server, counter: RequestCounter): Server {
  return server.on('request', (request) => {
    const action = targetAction(request.headers['x-amz-target']);
    if (action) counter.count(action);
  });
}

/** dynalite throws, and so ends this process, when a client goes away in the middle of a request. */
function survivingAborts(server: Server): Server {
  return server.on('request', (request) => {
    request.removeAllListeners('error');
    request.on('error', () => {});
  });
}

async function listen(server: Server): Promise<Listening> {
  server.keepAliveTimeout = keepAliveMs;
  const url = await listenOnLoopback(server);
  return { url, close: () => closeServer(server) };
}
