import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { ProbeReport, RelayHealthItem } from '../../../lib/health/item.ts';
import { systemClock } from '../../../lib/platform/clock.ts';
import type { ProbeEvent } from '../../../lib/probe/events.ts';
import { type ProbeRelayPorts, probeRelay } from '../../../lib/probe/probe-relay.ts';
import { createCredentials } from '../../../lib/relays/credentials.ts';
import type { FetchToken } from '../../../lib/relays/oauth2.ts';
import { createFakeSecrets, type FakeSecrets, relaySecretOf } from '../../support/credentials.ts';
import { breakerSettings, type MemoryHealthStore, memoryHealthStore } from '../../support/health.ts';
import { type RelayOptions, type ScriptedRelay, startScriptedRelay } from '../../support/scripted-relay.ts';

export interface Prober {
  readonly store: MemoryHealthStore;
  readonly secrets: FakeSecrets;
  readonly events: ProbeEvent[];
  /** One probe of the relay `primary`. */
  probe(options?: { readonly withinMs?: number }): Promise<ProbeReport>;
  item(): RelayHealthItem | undefined;
}

/** A clock that runs, and can be put forward. */
export function movableClock() {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    advance: (ms: number) => {
      ahead += ms;
    },
  };
}

/** Long times: a busy machine must not make a relay slow or silent that is meant to be well. */
const settings = {
  intervalMs: 15_000,
  timeoutMs: 10_000,
  degradedMs: 5000,
  degradedWeight: 0.4,
  authIntervalMs: 3.6e6,
};

const noTokens: FetchToken = async () => ({ ok: false, rejected: false, message: 'no token endpoint here' });

export function createProber(options: {
  readonly secret?: string;
  readonly clock?: { now(): number };
  readonly degradedMs?: number;
  readonly fetchToken?: FetchToken;
  readonly lookup?: ProbeRelayPorts['lookup'];
}): Prober {
  const { secret, clock = systemClock, degradedMs = settings.degradedMs, fetchToken = noTokens, lookup } = options;
  const secrets = createFakeSecrets(...(secret === undefined ? [] : [secret]));
  const store = memoryHealthStore();
  const events: ProbeEvent[] = [];
  let ids = 0;
  const ports: ProbeRelayPorts = {
    store,
    credentials: createCredentials({
      secrets,
      relays: { primary: { secretId: 'primary', allowPlaintext: true, maxSessions: 1 } },
      clock,
      random: () => 0.5,
      fetchToken,
    }),
    clock,
    random: () => 0,
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    settings: { ...settings, degradedMs },
    breaker: breakerSettings,
    ...(lookup && { lookup }),
    report: (event) => events.push(event),
  };
  return {
    store,
    secrets,
    events,
    item: () => store.items.get('primary'),
    async probe({ withinMs = settings.timeoutMs } = {}) {
      const item = await probeRelay({ relay: 'primary', owner: 'run', deadline: clock.now() + withinMs }, ports);
      if (item.probe === undefined) throw new Error('no report');
      return item.probe;
    },
  };
}

export async function startRelay(options: RelayOptions = {}): Promise<ScriptedRelay> {
  const relay = await startScriptedRelay(options);
  onTestFinished(() => relay.close());
  return relay;
}

/** The secret of a relay on this machine, without login. */
export function secretFor(port: number, overrides: Record<string, unknown> = {}): string {
  return relaySecretOf({
    host: '127.0.0.1',
    port,
    tls: 'none',
    username: undefined,
    password: undefined,
    ...overrides,
  });
}

export const withLogin = { username: 'user', password: 'secret' };
export const withToken = {
  oauth2: { tokenUrl: 'https://login.example.net/t', clientId: 'c', clientSecret: 's', user: 'user' },
};

/** Passes bytes on to a relay, what comes back that much later. */
export async function startSlowPath(port: number, delayMs: number): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.pipe(upstream);
    upstream.on('data', async (chunk) => {
      await delay(delayMs);
      client.write(chunk);
    });
    upstream.on('end', async () => {
      await delay(delayMs);
      client.end();
    });
  });
  return listen(server, sockets);
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function listen(server: Server, sockets: ReadonlySet<Socket>): Promise<number> {
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listenOn(server);
}

async function listenOn(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
