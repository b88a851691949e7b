import type { ServerResponse } from 'node:http';

/** Open event streams (server-sent events, HTML standard §9.2). */
export interface Live {
  /** Keeps the response open and sends it what everybody is sent, first what was sent last. */
  join(response: ServerResponse): void;
  /** Sends to everybody, unless it is what was sent last under that name. */
  tell(event: string, data: unknown): void;
  /** Whether anybody listens. */
  readonly listened: boolean;
  close(): void;
}

export function createLive(): Live {
  const open = new Set<ServerResponse>();
  const last = new Map<string, string>();
  return {
    join: (response) => {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      // A browser asks again by itself after that time, as when the local system was started anew.
      response.write('retry: 1000\n\n');
      for (const frame of last.values()) response.write(frame);
      open.add(response);
      response.once('close', () => open.delete(response));
    },
    tell: (event, data) => {
      const frame = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
      if (last.get(event) === frame) return;
      last.set(event, frame);
      for (const response of open) response.write(frame);
    },
    get listened() {
      return open.size > 0;
    },
    close: () => {
      for (const response of open) response.end();
    },
  };
}
