import type { ConsoleState, Graphs, LayoutView } from '../../local/console/model.ts';

/** The console as its page sees it. */
export interface ConsoleClient {
  /** Resolves once the newest state and graphs are so. Rejects after `withinMs`, with what was seen last. */
  until<T>(look: (seen: Seen) => T | undefined, withinMs: number): Promise<T>;
  layout(): Promise<LayoutView>;
  post(path: string, body: object): Promise<Response>;
  close(): void;
}

export interface Seen {
  readonly state?: ConsoleState;
  readonly graphs?: Graphs;
}

export function openConsole(url: string): ConsoleClient {
  const stopping = new AbortController();
  let seen: Seen = {};
  const looks = new Set<() => void>();
  void read(url, stopping.signal, (event, data) => {
    seen = { ...seen, [event]: JSON.parse(data) };
    for (const look of looks) look();
  });
  return {
    until: (wanted, withinMs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          looks.delete(look);
          const ringing = seen.state?.alarms.filter(({ state }) => state === 'ALARM').map(({ id }) => id);
          reject(new Error(`not within ${withinMs} ms; in alarm: ${ringing?.join(', ')}`));
        }, withinMs);
        const look = () => {
          const found = wanted(seen);
          if (found === undefined) return;
          clearTimeout(timer);
          looks.delete(look);
          resolve(found);
        };
        looks.add(look);
        look();
      }),
    layout: async () => {
      const response = await fetch(`${url}/api/layout`);
      return JSON.parse(await response.text());
    },
    post: (path, body) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { origin: url, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    close: () => stopping.abort(),
  };
}

async function read(url: string, signal: AbortSignal, tell: (event: string, data: string) => void): Promise<void> {
  const { body } = await fetch(`${url}/events`, { signal });
  let rest = '';
  try {
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const frames = (rest + chunk).split('\n\n');
      rest = frames.pop() ?? '';
      for (const frame of frames) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
        if (event !== undefined && data !== undefined) tell(event, data);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
