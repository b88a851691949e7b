import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { RelayConnectionSettings } from './transport.ts';

/**
 * TLS to one relay with one version of its settings: certificates parsed once, and the last session, so that further
 * connections resume it. Certificates are always verified; what is older than TLS 1.2 is refused (RFC 8996).
 */
export class TlsContext {
  readonly #host: string;
  readonly #servername: string | undefined;
  readonly #secureContext: SecureContext;
  #session: Buffer | undefined;

  /** Throws what OpenSSL says about an unreadable certificate or key. */
  constructor({ host, servername, ca, clientCert, clientKey }: RelayConnectionSettings) {
    this.#host = host;
    // An IP address is no server name (RFC 6066 §3); the certificate is then checked against the address itself.
    this.#servername = servername ?? (isIP(host) ? undefined : host);
    this.#secureContext = createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca }),
      ...(clientCert === undefined ? {} : { cert: clientCert }),
      ...(clientKey === undefined ? {} : { key: clientKey }),
    });
  }

  options(): ConnectionOptions {
    return {
      host: this.#host,
      ...(this.#servername === undefined ? {} : { servername: this.#servername }),
      secureContext: this.#secureContext,
      rejectUnauthorized: true,
      ...(this.#session === undefined ? {} : { session: this.#session }),
    };
  }

  /** To be called once the handshake is done: a session of an unverified server must never be resumed. */
  remember(socket: TLSSocket): void {
    // TLS 1.3 sends its tickets later; TLS 1.2 may have announced its session before anybody could listen.
    if (socket.getProtocol() === 'TLSv1.2') this.#session = socket.getSession();
    socket.on('session', (session: Buffer) => {
      this.#session = session;
    });
  }
}
