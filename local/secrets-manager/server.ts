import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../lib/platform/clock.ts';
import { actions } from './actions.ts';
import { SecretsManagerError } from './errors.ts';
import { SecretStore } from './store.ts';

/**
 * A small Secrets Manager that speaks the service's protocol (AWS JSON 1.1 over HTTP). Not listening yet. Signatures are
 * not checked; nothing is kept when it closes.
 */
export function createSecretsManager(
  account: { readonly region: string; readonly accountId: string },
  clock: Clock,
): Server {
  const store = new SecretStore(account, clock);
  return createServer((request, response) => {
    handle(request, store).then(
      (body) => answer(response, 200, body),
      (error: unknown) => answerError(response, error),
    );
  });
}

async function handle(request: IncomingMessage, store: SecretStore): Promise<object> {
  const [service, name = ''] = String(request.headers['x-amz-target']).split('.');
  const action = service === 'secretsmanager' ? actions[name] : undefined;
  const body = await text(request);
  if (!action) throw new SecretsManagerError('UnknownOperationException', `Unknown operation ${name}`);
  return action(parseBody(body), store);
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new SecretsManagerError('SerializationException', 'The body is not JSON.');
  }
}

function answerError(response: ServerResponse, error: unknown): void {
  if (error instanceof SecretsManagerError) {
    answer(response, 400, { __type: error.code, Message: error.message });
  } else {
    answer(response, 500, { __type: 'InternalServiceError', Message: 'An error occurred on the server side.' });
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}
