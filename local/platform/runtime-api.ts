import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Invocation } from './invocation.ts';
import { closeServer, listenOnLoopback } from './loopback.ts';

/** What the runtime inside the function process tells. */
export interface RuntimeEvents {
  /** It asks for an invocation: it is ready, and done with the one before. */
  next(): void;
  response(requestId: string, payload: string): void;
  error(requestId: string, error: string): void;
  /** It could not load the handler. */
  initError(error: string): void;
  /** It registers an internal extension. False: too late, its init phase is over. */
  register(): boolean;
}

/** The Runtime API of one execution environment. */
export interface RuntimeApi {
  /** `host:port`, for `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** Answers the request for the next invocation, now or when it comes. One at a time. */
  deliver(invocation: Invocation): void;
  close(): Promise<void>;
}

const prefix = '/2018-06-01/runtime';
const extensions = '/2020-01-01/extension';
const outcomePath = new RegExp(`^${prefix}/invocation/([^/]+)/(response|error)$`);

/**
 * Serves the AWS Lambda Runtime API on a random port of the loopback interface, and of the Extensions API what an internal
 * extension needs that wants no events.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
 */
export async function startRuntimeApi(events: RuntimeEvents): Promise<RuntimeApi> {
  const poll = nextPoll();
  const server = createServer((request, response) => {
    route(request, response, poll, events).catch(() => response.destroy());
  });
  // The runtime waits for its next invocation as long as nothing happens, and may be frozen meanwhile.
  server.keepAliveTimeout = 0;
  const url = await listenOnLoopback(server);
  return { address: new URL(url).host, deliver: poll.deliver, close: () => closeServer(server) };
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  poll: NextPoll,
  events: RuntimeEvents,
): Promise<void> {
  const path = request.url ?? '';
  if (request.method === 'GET' && path === `${prefix}/invocation/next`) {
    poll.wait(response);
    events.next();
    return;
  }
  // Answered with the next event, and there never is one for who asked for none.
  if (request.method === 'GET' && path === `${extensions}/event/next`) return;
  if (request.method === 'POST' && path === `${extensions}/register`) {
    const taken = request.headers['lambda-extension-name'] !== undefined && events.register();
    response.writeHead(taken ? 200 : 403, taken ? { 'Lambda-Extension-Identifier': randomUUID() } : {}).end('{}');
    return;
  }
  const body = await text(request);
  const [, requestId, outcome] = outcomePath.exec(path) ?? [];
  response.writeHead(requestId !== undefined || path === `${prefix}/init/error` ? 202 : 404, {
    'content-type': 'application/json',
  });
  response.end('{"status":"OK"}');
  if (path === `${prefix}/init/error`) events.initError(body);
  if (requestId === undefined) return;
  if (outcome === 'response') events.response(requestId, body);
  else events.error(requestId, body);
}

interface NextPoll {
  wait(response: ServerResponse): void;
  deliver(invocation: Invocation): void;
}

/** Brings the runtime's open request and the invocation together, whichever comes first. */
function nextPoll(): NextPoll {
  let waiting: ServerResponse | undefined;
  let pending: Invocation | undefined;
  const match = () => {
    if (!waiting || !pending) return;
    answer(waiting, pending);
    waiting = undefined;
    pending = undefined;
  };
  return {
    wait: (response) => {
      waiting = response;
      match();
    },
    deliver: (invocation) => {
      pending = invocation;
      match();
    },
  };
}

function answer(response: ServerResponse, invocation: Invocation): void {
  response.writeHead(200, {
    'content-type': 'application/json',
    'Lambda-Runtime-Aws-Request-Id': invocation.requestId,
    'Lambda-Runtime-Deadline-Ms': String(invocation.deadline),
    'Lambda-Runtime-Invoked-Function-Arn': invocation.functionArn,
    'Lambda-Runtime-Trace-Id': invocation.traceId,
  });
  response.end(invocation.payload);
}
