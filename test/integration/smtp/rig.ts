import { onTestFinished } from 'vitest';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import { systemClock } from '../../../lib/platform/clock.ts';
import { createTransport } from '../../../lib/smtp/create-transport.ts';
import type { TransportOptions } from '../../../lib/smtp/relay-sessions.ts';
import type {
  AcquireOptions,
  RelayConnectionSettings,
  SmtpObserver,
  SmtpSession,
  SmtpTransport,
  Transaction,
  TransactionResult,
} from '../../../lib/smtp/transport.ts';
import { type RelayOptions, type ScriptedRelay, startScriptedRelay } from '../../support/scripted-relay.ts';

/** Long enough for a busy machine; a test that waits for a bound to pass sets that one shorter. */
export const patient = { connectMs: 10_000, greetingMs: 10_000, commandMs: 10_000, finalReplyMs: 10_000 };

/** What the observer was told, in order: `opened`, `ready`, `reused`, `failed:PHASE`, `closed`. */
export function recordingObserver(): SmtpObserver & { readonly events: string[] } {
  const events: string[] = [];
  return {
    events,
    connectionOpened: () => events.push('opened'),
    connectionReady: () => events.push('ready'),
    connectionReused: () => events.push('reused'),
    connectionLost: () => events.push('lost'),
    connectionClosed: () => events.push('closed'),
    connectionFailed: (_relay, failure) => events.push(`failed:${failure.phase}`),
  };
}

interface Wish extends Omit<AcquireOptions, 'deadline'> {
  readonly withinMs?: number;
}

export interface Rig {
  readonly transport: SmtpTransport;
  readonly events: string[];
  /** A session; throws when there is none. */
  acquire(settings: RelayConnectionSettings, wish?: Wish): Promise<SmtpSession>;
  /** The failure of an acquire that must not succeed. */
  refusal(settings: RelayConnectionSettings, wish?: Wish): Promise<SmtpFailure>;
  /** Acquires and sends. */
  deliver(settings: RelayConnectionSettings, transaction?: Transaction, withinMs?: number): Promise<TransactionResult>;
}

/** Concurrent tests pass the `onTestFinished` of their own context. */
export function createRig(options: Partial<TransportOptions> = {}, finish = onTestFinished): Rig {
  const observer = recordingObserver();
  const clock = options.clock ?? systemClock;
  const transport = createTransport({ timeouts: patient, observer, clock, idleMs: 30_000, ...options });
  const acquire = (settings: RelayConnectionSettings, { withinMs = 25_000, ...wish }: Wish = {}) =>
    transport.acquire(settings, { ...wish, deadline: clock.now() + withinMs });
  const rig: Rig = {
    transport,
    events: observer.events,
    async acquire(settings, wish) {
      const acquired = await acquire(settings, wish);
      if (!acquired.ok) throw new Error(`no session: ${JSON.stringify(acquired)}`);
      return acquired.session;
    },
    async refusal(settings, wish) {
      const acquired = await acquire(settings, wish);
      if (acquired.ok || 'withdrawn' in acquired) throw new Error('expected a failure');
      return acquired.failure;
    },
    async deliver(settings, transaction = mail(), withinMs = 25_000) {
      const session = await rig.acquire(settings);
      return session.send(transaction, clock.now() + withinMs);
    },
  };
  finish(() => transport.close());
  return rig;
}

/** A relay and a transport that end with the test. */
export async function start(
  relayOptions: RelayOptions = {},
  rigOptions: Partial<TransportOptions> = {},
  finish = onTestFinished,
): Promise<{ relay: ScriptedRelay; rig: Rig }> {
  const relay = await startScriptedRelay(relayOptions);
  finish(() => relay.close());
  return { relay, rig: createRig(rigOptions, finish) };
}

export function settingsFor(
  relay: { readonly port: number },
  overrides: Partial<RelayConnectionSettings> = {},
): RelayConnectionSettings {
  const { port } = relay;
  return { relay: 'primary', version: 'v1', host: '127.0.0.1', port, tls: 'none', maxSessions: 2, ...overrides };
}

export function mail(overrides: { from?: string; to?: readonly string[]; message?: Buffer } = {}): Transaction {
  const message = Buffer.from('Subject: hi\r\n\r\nhello\r\n');
  const { from = 'shop@example.com', to = ['ada@example.org'] } = overrides;
  return { envelope: { from, to }, message: overrides.message ?? message };
}

/** A clock that tests move. */
export function movableClock(): { now(): number; advance(ms: number): void } {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    advance: (ms) => {
      offset += ms;
    },
  };
}
