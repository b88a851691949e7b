import { connectionFailureMetrics } from '../contracts/metrics.ts';
import type { SmtpObserver } from '../smtp/transport.ts';
import type { Telemetry } from './telemetry.ts';

/** Counts what the SMTP transport reports; the transport decides when an event has happened. */
export function smtpObserver(telemetry: Pick<Telemetry, 'count' | 'record'>): SmtpObserver {
  return {
    connectionOpened: (relay) => telemetry.count('ConnectionsOpened', relay),
    connectionClosed: (relay) => telemetry.count('ConnectionsClosed', relay),
    connectionReused: (relay) => telemetry.count('ConnectionsReused', relay),
    connectionFailed: (relay, failure) => telemetry.count(connectionFailureMetrics[failure.phase], relay),
    connectionLost: (relay) => telemetry.count('ConnectionsLost', relay),
    connectionReady: (_relay, timings) => {
      telemetry.record('ConnectDuration', timings.connectMs + timings.greetingMs);
      if (timings.tlsMs !== undefined) telemetry.record('TlsDuration', timings.tlsMs);
      if (timings.authMs !== undefined) telemetry.record('AuthDuration', timings.authMs);
    },
  };
}
