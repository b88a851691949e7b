import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import type { EventSourcePoller } from './event-source-poller.ts';
import type { RequestCounter } from './request-counter.ts';

export interface LambdaApiOptions {
  readonly region: string;
  readonly accountId: string;
  /** By UUID. Looked at for each request. */
  readonly mappings: ReadonlyMap<string, EventSourcePoller>;
  readonly counter: RequestCounter;
}

/** An error in the words of the service. */
class LambdaApiError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, status: number, message: string) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

interface Answer {
  readonly status: number;
  /** Of an error. */
  readonly type?: string;
  readonly body: object;
}

const path = /^\/2015-03-31\/event-source-mappings(?:\/([^/]*))?$/;
// Strict: a change that is not made here must not look as if it were.
const update = v.strictObject({ Enabled: v.optional(v.boolean()), FunctionName: v.optional(v.string()) });

/**
 * The part of the AWS Lambda API that switches event source mappings: Get, Update (`Enabled` only) and List. What it
 * switches are the pollers of this run.
 * https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
 */
export function createLambdaApi(options: LambdaApiOptions): Server {
  return createServer((request, response) => {
    answer(request, options)
      .catch(toError)
      .then(
        (reply) => send(response, reply),
        () => response.destroy(),
      );
  });
}

async function answer(request: IncomingMessage, options: LambdaApiOptions): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://lambda');
  const [matched, uuid = ''] = path.exec(pathname) ?? [];
  const action = matched === undefined ? undefined : actionOf(request.method, uuid);
  const body = await text(request);
  if (action === undefined) {
    throw new LambdaApiError('UnknownOperationException', 404, `${request.method} ${pathname} is not emulated`);
  }
  options.counter.count(`Lambda.${action}`);
  switch (action) {
    case 'ListEventSourceMappings':
      return { status: 200, body: { EventSourceMappings: list(searchParams, options) } };
    case 'GetEventSourceMapping':
      return { status: 200, body: describe(find(uuid, options), options) };
    case 'UpdateEventSourceMapping':
      return { status: 202, body: change(find(uuid, options), body, options) };
  }
}

function actionOf(method: string | undefined, uuid: string) {
  if (method === 'GET') return uuid === '' ? 'ListEventSourceMappings' : 'GetEventSourceMapping';
  return method === 'PUT' && uuid !== '' ? 'UpdateEventSourceMapping' : undefined;
}

function list(query: URLSearchParams, options: LambdaApiOptions): object[] {
  const [source, target] = [query.get('EventSourceArn'), query.get('FunctionName')];
  return [...options.mappings.values()]
    .filter(({ mapping }) => source === null || mapping.queueArn === source)
    .filter(
      ({ mapping }) => target === null || functionArn(mapping.functionId, options) === functionArn(target, options),
    )
    .map((poller) => describe(poller, options));
}

function find(uuid: string, { mappings }: LambdaApiOptions): EventSourcePoller {
  const poller = mappings.get(uuid);
  if (poller) return poller;
  throw new LambdaApiError('ResourceNotFoundException', 404, 'The resource you requested does not exist.');
}

function change(poller: EventSourcePoller, body: string, options: LambdaApiOptions): object {
  const { Enabled, FunctionName } = v.parse(v.pipe(v.string(), v.parseJson(), update), body);
  if (FunctionName !== undefined) {
    throw new LambdaApiError('InvalidParameterValueException', 400, 'only Enabled can be changed in a local run');
  }
  if (poller.state() === 'Enabling' || poller.state() === 'Disabling') {
    const message = 'Cannot update the event source mapping because it is in use.';
    throw new LambdaApiError('ResourceInUseException', 400, message);
  }
  if (Enabled !== undefined) poller.setEnabled(Enabled);
  return describe(poller, options);
}

function describe(poller: EventSourcePoller, options: LambdaApiOptions): object {
  const { mapping } = poller;
  return {
    UUID: mapping.uuid,
    State: poller.state(),
    StateTransitionReason: 'USER_INITIATED',
    LastModified: poller.lastModified().getTime() / 1000,
    EventSourceArn: mapping.queueArn,
    FunctionArn: functionArn(mapping.functionId, options),
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.windowMs / 1000,
    ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency },
    FunctionResponseTypes: mapping.reportBatchItemFailures ? ['ReportBatchItemFailures'] : [],
  };
}

/** @param functionId a name or an ARN */
function functionArn(functionId: string, { region, accountId }: LambdaApiOptions): string {
  return functionId.startsWith('arn:') ? functionId : `arn:aws:lambda:${region}:${accountId}:function:${functionId}`;
}

function toError(error: unknown): Answer {
  const { type, status, message } =
    error instanceof LambdaApiError ? error : new LambdaApiError('InvalidParameterValueException', 400, String(error));
  return { status, type, body: { Type: 'User', Message: message } };
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(type !== undefined && { 'x-amzn-errortype': type }),
  });
  response.end(JSON.stringify(body));
}
