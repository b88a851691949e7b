import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { closeServer, listenOnLoopback } from '../../../local/platform/loopback.ts';

/** What befalls a request: `before` it reaches SQS, or `after` it had its effect but before its answer is seen. */
export type Fate = 'pass' | 'delay' | 'error-before' | 'error-after' | 'hang-up-before' | 'hang-up-after';

export interface SqsProxy {
  readonly url: string;
  /** Decides over every request, by action (`SendMessage`). May be replaced at any time. */
  fate: (action: string) => Fate;
  /** How long a `delay` takes. */
  delayMs: number;
  close(): Promise<void>;
}

/** Stands between a command and SQS, so that both can be interrupted where it hurts. */
export async function startSqsProxy(upstream: string): Promise<SqsProxy> {
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    const body = await buffer(incoming);
    const fate = proxy.fate(action);
    if (fate === 'delay') await delay(proxy.delayMs);
    if (fate === 'hang-up-before') return void response.destroy();
    if (fate === 'error-before') return void response.writeHead(503).end();
    const answer = await forward(upstream, incoming, body);
    if (fate === 'hang-up-after') return void response.destroy();
    if (fate === 'error-after') return void response.writeHead(503).end();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  const proxy: SqsProxy = {
    url: await listenOnLoopback(server),
    fate: () => 'pass',
    delayMs: 0,
    close: () => closeServer(server),
  };
  return proxy;
}

function forward(upstream: string, { method, headers, url }: IncomingMessage, body: Buffer) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
    const outgoing = request(new URL(url ?? '/', upstream), { method, headers }, (answer) => {
      buffer(answer).then(
        (content) => resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: content }),
        reject,
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
