import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** One request to an AWS service, of the JSON protocols. */
export interface Call {
  /** Such as `PutItem`. */
  readonly action: string;
  readonly body: string;
}

export interface Hold {
  /** `request`: the service never sees it. `reply`: the service does it, and the caller never hears of it. */
  readonly at: 'request' | 'reply';
  matches(call: Call): boolean;
}

/**
 * A proxy in front of an emulated service that can stop a call on its way, so that a test can kill the caller at exactly
 * that point. Nothing in the caller knows of it.
 */
export interface Gate {
  readonly url: string;
  /** Everything that came, in order; what was stopped too. */
  readonly calls: readonly Call[];
  /** Stops what matches from now on, a repeat by the SDK too. Resolves when the first one is stopped. */
  hold(hold: Hold): Promise<void>;
  /** Lets everything pass from now on. What was stopped stays so. */
  open(): void;
  close(): Promise<void>;
}

interface Armed extends Hold {
  caught: boolean;
  readonly onCaught: () => void;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export async function startGate(serviceUrl: string): Promise<Gate> {
  let armed: Armed[] = [];
  const calls: Call[] = [];
  const agent = new Agent({ keepAlive: true });

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const action =
      String(incoming.headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1) ?? '';
    const call = { action, body: body.toString() };
    calls.push(call);
    const held = armed.find((hold) => hold.matches(call));
    // What was done once must not be done again by the SDK's repeat.
    if (held !== undefined && (held.at === 'request' || held.caught)) return caught(held);
    const answer = await forward(incoming, body);
    if (held !== undefined) return caught(held);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  function forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    return new Promise((done, fail) => {
      const outgoing = request(new URL(url ?? '/', serviceUrl), { agent, method, headers }, (reply) => {
        buffer(reply).then(
          (content) => done({ status: reply.statusCode ?? 500, headers: reply.headers, body: content }),
          fail,
        );
      });
      outgoing.on('error', fail).end(body);
    });
  }

  const server = createServer((incoming, response) => {
    // A caller that was killed in the middle of a request.
    pass(incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 300_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    hold: (hold) => new Promise((onCaught) => armed.push({ ...hold, caught: false, onCaught })),
    open: () => {
      armed = [];
    },
    close: async () => {
      agent.destroy();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function caught(held: Armed): void {
  held.caught = true;
  held.onCaught();
}
