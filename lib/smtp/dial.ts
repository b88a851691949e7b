import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { NetworkError, SmtpFailure } from '../outcome/outcome.ts';
import { allowed, type Bounds } from './bounds.ts';
import { failedBy, networkErrorOf, timedOut } from './failure.ts';
import type { TlsContext } from './tls-context.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Resolves names; Node's own (getaddrinfo) when absent. */
  readonly lookup?: LookupFunction;
}

export type Dialled =
  | { readonly ok: true; readonly socket: Socket; readonly tookMs: number }
  | { readonly ok: false; readonly failure: SmtpFailure };

const ignore = (): void => {};

/** Resolves the name and connects, both together within `connectMs`. With several addresses the quickest is taken. */
export async function dial({ host, port, lookup }: Target, bounds: Bounds): Promise<Dialled> {
  const startedAt = bounds.clock.now();
  const connectMs = allowed(bounds.timeouts.connectMs, bounds);
  let resolved = isIP(host) !== 0;
  const socket = connect({
    host,
    port,
    noDelay: true,
    ...(lookup === undefined ? {} : { lookup }),
    // Node's 250 ms is less than a slow path needs; a quarter leaves time for the addresses that follow.
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.floor(connectMs / 4)),
  });
  socket.on('lookup', (error: Error | null) => {
    resolved = error === null;
  });
  const error = await settled(socket, 'connect', connectMs);
  if (error === undefined) return { ok: true, socket, tookMs: bounds.clock.now() - startedAt };
  if (!resolved) return { ok: false, failure: failedBy('dns', { ...error, kind: 'dns' }) };
  const kind = error.kind === 'timeout' ? 'timeout' : 'refused';
  return { ok: false, failure: failedBy('connect', { ...error, kind }) };
}

/** The TLS handshake over a connected socket (implicit TLS, RFC 8314). */
export async function secure(plain: Socket, tls: TlsContext, bounds: Bounds): Promise<Dialled> {
  const startedAt = bounds.clock.now();
  let socket: TLSSocket;
  try {
    socket = connectTls({ ...tls.options(), socket: plain });
  } catch (error) {
    plain.destroy();
    throw error;
  }
  const error = await settled(socket, 'secureConnect', allowed(bounds.timeouts.greetingMs, bounds));
  if (error !== undefined) {
    plain.destroy();
    return { ok: false, failure: failedBy('tls', error) };
  }
  tls.remember(socket);
  return { ok: true, socket, tookMs: bounds.clock.now() - startedAt };
}

/** Waits for the event, or destroys the socket and says why. */
function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  limitMs: number,
): Promise<NetworkError | undefined> {
  return new Promise((resolve) => {
    const settle = (error: NetworkError | undefined): void => {
      clearTimeout(timer);
      socket.off(event, succeed).off('error', fail);
      if (error !== undefined) socket.destroy();
      resolve(error);
    };
    const succeed = (): void => settle(undefined);
    const fail = (error: Error): void => settle(networkErrorOf(error));
    const timer = setTimeout(() => settle(timedOut(limitMs)), limitMs);
    // Stays on: an error between here and the socket's next owner must find somebody.
    socket.on('error', ignore);
    socket.once(event, succeed);
    socket.once('error', fail);
  });
}
