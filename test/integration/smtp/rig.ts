import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import { systemClock } from '../../../lib/platform/clock.ts';
import { createTransport } from '../../../lib/smtp/create-transport.ts';
import type { TransportOptions } from '../../../lib/smtp/relay-sessions.ts';
import type {
  RelayConnectionSettings,
  SmtpObserver,
  SmtpSession,
  SmtpTransport,
  Transaction,
  TransactionResult,
} from '../../../lib/smtp/transport.ts';

/** Short enough for a stall to be noticed at once, long enough for a busy machine to answer in. */
export const quick = { connectMs: 400, greetingMs: 400, commandMs: 400, finalReplyMs: 400 };

/** What the observer was told, in order: `opened`, `ready`, `reused`, `failed:PHASE`, `closed`. */
export function recordingObserver(): SmtpObserver & { readonly events: string[] } {
  const events: string[] = [];
  return {
    events,
    connectionOpened: () => events.push('opened'),
    connectionReady: () => events.push('ready'),
    connectionReused: () => events.push('reused'),
    connectionClosed: () => events.push('closed'),
    connectionFailed: (_relay, failure) => events.push(`failed:${failure.phase}`),
  };
}

export interface Rig {
  readonly transport: SmtpTransport;
  readonly events: string[];
  /** Acquires and sends; a session that cannot be had throws its failure as the error's cause. */
  deliver(settings: RelayConnectionSettings, transaction?: Transaction): Promise<TransactionResult>;
  acquire(settings: RelayConnectionSettings, options?: { fresh?: boolean; withinMs?: number }): Promise<SmtpSession>;
  /** The failure of an acquire that must not succeed. */
  refusal(settings: RelayConnectionSettings, options?: { withinMs?: number }): Promise<SmtpFailure>;
}

export function createRig(options: Partial<TransportOptions> = {}): Rig {
  const observer = recordingObserver();
  const clock = options.clock ?? systemClock;
  const transport = createTransport({ timeouts: quick, observer, clock, idleMs: 30_000, ...options });
  const deadlineIn = (ms: number): number => clock.now() + ms;
  const rig: Rig = {
    transport,
    events: observer.events,
    async acquire(settings, { fresh = false, withinMs = 20_000 } = {}) {
      const acquired = await transport.acquire(settings, { deadline: deadlineIn(withinMs), fresh });
      if (!acquired.ok) throw new Error(`no session: ${JSON.stringify(acquired.failure)}`);
      return acquired.session;
    },
    async refusal(settings, { withinMs = 20_000 } = {}) {
      const acquired = await transport.acquire(settings, { deadline: deadlineIn(withinMs) });
      if (acquired.ok) throw new Error('expected no session');
      return acquired.failure;
    },
    async deliver(settings, transaction = mail()) {
      const session = await rig.acquire(settings);
      return session.send(transaction, deadlineIn(20_000));
    },
  };
  return rig;
}

export function settingsFor(
  relay: { readonly port: number },
  overrides: Partial<RelayConnectionSettings> = {},
): RelayConnectionSettings {
  return {
    relay: 'primary',
    version: 'v1',
    host: '127.0.0.1',
    port: relay.port,
    tls: 'none',
    maxSessions: 2,
    ...overrides,
  };
}

export function mail(overrides: { from?: string; to?: readonly string[]; message?: Buffer } = {}): Transaction {
  const {
    from = 'shop@example.com',
    to = ['ada@example.org'],
    message = Buffer.from('Subject: hi\r\n\r\nhello\r\n'),
  } = overrides;
  return { envelope: { from, to }, message };
}
