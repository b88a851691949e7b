/**
 * The runtime interface client of a local function process: loads the handler, then asks the Runtime API for one
 * invocation after the other, as the managed Node.js runtime does.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
 */
import { existsSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

type Handler = (event: unknown, context: object) => unknown;

interface Reply {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const base = `http://${process.env['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime`;
// Not fetch: its bound on waiting for headers would end the wait for an invocation.
const agent = new Agent({ keepAlive: true });
let currentRequestId: string | undefined;

process.on('uncaughtException', (error) => void failAndExit(error));
process.on('unhandledRejection', (reason) => void failAndExit(reason));

await run(await loadHandler());

async function loadHandler(): Promise<Handler> {
  const [, file = '', name = ''] = /^(.*)\.([^.]+)$/.exec(process.env['_HANDLER'] ?? '') ?? [];
  const path = join(process.env['LAMBDA_TASK_ROOT'] ?? '', file);
  const found = ['.js', '.mjs', '.cjs'].map((extension) => path + extension).find((candidate) => existsSync(candidate));
  if (found === undefined) throw new Error(`Cannot find module '${file}'`);
  const loaded: Readonly<Record<string, unknown>> = await import(pathToFileURL(found).href);
  const handler = loaded[name];
  if (!isHandler(handler)) throw new Error(`${file}.${name} is undefined or not exported`);
  return handler;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

async function run(handler: Handler): Promise<never> {
  for (;;) {
    const { headers, body } = await call('GET', '/invocation/next');
    const requestId = String(headers['lambda-runtime-aws-request-id']);
    currentRequestId = requestId;
    process.env['_X_AMZN_TRACE_ID'] = String(headers['lambda-runtime-trace-id']);
    try {
      const result = await handler(JSON.parse(body), contextOf(requestId, headers));
      await call('POST', `/invocation/${requestId}/response`, JSON.stringify(result) ?? 'null');
    } catch (error) {
      console.error('Invoke Error', error);
      await call('POST', `/invocation/${requestId}/error`, describe(error));
    }
    currentRequestId = undefined;
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf(requestId: string, headers: IncomingHttpHeaders): object {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: requestId,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: process.env['AWS_LAMBDA_FUNCTION_VERSION'],
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: process.env['AWS_LAMBDA_LOG_STREAM_NAME'],
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

async function failAndExit(error: unknown): Promise<void> {
  console.error('Uncaught Exception', error);
  const path = currentRequestId === undefined ? '/init/error' : `/invocation/${currentRequestId}/error`;
  await call('POST', path, describe(error)).catch(() => undefined);
  process.exit(129);
}

function describe(error: unknown): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return JSON.stringify({ errorType: name, errorMessage: message, trace: stack?.split('\n') ?? [] });
}

function call(method: 'GET' | 'POST', path: string, body = ''): Promise<Reply> {
  return new Promise((done, fail) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    request(base + path, { agent, method, headers }, (response) => {
      text(response).then((content) => done({ headers: response.headers, body: content }), fail);
    })
      .on('error', fail)
      .end(body);
  });
}
