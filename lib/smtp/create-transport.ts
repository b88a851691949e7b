import { RelaySessions, type TransportOptions } from './relay-sessions.ts';
import type { SmtpTransport } from './transport.ts';

/**
 * SMTP to any number of relays through nodemailer's SMTPConnection, with sessions kept per relay across invocations.
 * A session is not used again after `idleMs`, after the relay closed it, or when the relay's settings have changed.
 */
export function createTransport(options: TransportOptions): SmtpTransport {
  const relays = new Map<string, RelaySessions>();
  let closing: Promise<unknown> | undefined;
  return {
    async acquire(settings, acquireOptions) {
      const sessions = relays.get(settings.relay) ?? new RelaySessions(settings.relay, options);
      relays.set(settings.relay, sessions);
      if (closing !== undefined) await sessions.close();
      return sessions.acquire(settings, acquireOptions);
    },
    async close() {
      closing ??= Promise.all([...relays.values()].map((sessions) => sessions.close()));
      await closing;
    },
  };
}
