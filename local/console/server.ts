import { createServer, type IncomingMessage } from 'node:http';
import { closeServer, listenOnLoopback } from '../platform/loopback.ts';
import { type Answer, plain, send } from './answer.ts';
import { graphsOf } from './dashboard.ts';
import { refusal } from './guard.ts';
import { createLive, type Live } from './live.ts';
import type { Graphs } from './model.ts';
import { pageFiles } from './page-files.ts';
import { type ConsoleSources, route } from './routes.ts';
import { readState } from './state.ts';

export interface ConsoleServer {
  readonly url: string;
  /** Begins to show a system; until then only the empty page is there. Returns how to end that. */
  show(sources: ConsoleSources): () => Promise<void>;
  close(): Promise<void>;
}

const stateMs = 1000;

/**
 * Serves the console page on loopback: the page's files, what it asks for, and under `/events` server-sent events: `state`
 * whenever it changes, `graphs` once a minute of the monitor's time.
 *
 * @param onProblem the state could not be read; it is read again soon
 */
export async function serveConsole(onProblem: (message: string) => void): Promise<ConsoleServer> {
  const files = pageFiles();
  const live = createLive();
  let sources: ConsoleSources | undefined;

  async function answer(request: IncomingMessage): Promise<Answer | 'stream'> {
    const refused = refusal(request);
    if (refused !== undefined) return plain(403, refused);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const file = files(url.pathname);
    if (file !== undefined) return file;
    if (url.pathname === '/events') return 'stream';
    return sources === undefined ? plain(503, 'The system is starting') : route(request, url, sources);
  }

  const server = createServer((request, response) => {
    void answer(request)
      .catch((error: unknown) => plain(500, error instanceof Error ? error.message : String(error)))
      .then((given) => (given === 'stream' ? live.join(response) : send(response, given)));
  });
  const url = await listenOnLoopback(server);
  return {
    url,
    show: (shown) => {
      sources = shown;
      const stop = keepTelling(live, shown, onProblem);
      return async () => {
        sources = undefined;
        await stop();
      };
    },
    close: async () => {
      live.close();
      await closeServer(server);
    },
  };
}

function keepTelling(live: Live, sources: ConsoleSources, onProblem: (message: string) => void): () => Promise<void> {
  const { monitor, clock } = sources;
  let reading: Promise<void> | undefined;
  const read = async () => {
    try {
      live.tell('state', await readState(sources));
    } catch (error) {
      onProblem(`The console cannot read the system's state: ${String(error)}`);
    } finally {
      reading = undefined;
    }
  };
  const timer = setInterval(() => {
    if (live.listened) reading ??= read();
  }, stateMs);
  let graphs: Graphs = [];
  const drawn = monitor.onMinute(() => {
    graphs = graphsOf(monitor, clock.now(), graphs);
    live.tell('graphs', graphs);
  });
  return async () => {
    clearInterval(timer);
    drawn();
    await reading;
  };
}
