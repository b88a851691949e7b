import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { ConnectionRecord, RelayOptions } from './scripted-relay.ts';

/** The EHLO reply, lines joined by `\n`: what the relay's options switch on. */
export function ehloReply(options: RelayOptions, secured: boolean): string {
  const { pipelining = true, size, eightBitMime = true, smtpUtf8 = false, auth, tls } = options;
  const lines = ['scripted.example'];
  if (pipelining) lines.push('PIPELINING');
  if (size !== undefined) lines.push(`SIZE ${size}`);
  if (eightBitMime) lines.push('8BITMIME');
  if (smtpUtf8) lines.push('SMTPUTF8');
  if (tls?.mode === 'starttls' && !secured && !tls.stripped) lines.push('STARTTLS');
  if (auth) lines.push(`AUTH ${auth.join(' ')}`);
  return lines.map((line, index) => `250${index === lines.length - 1 ? ' ' : '-'}${line}`).join('\n');
}

/** The server's side of a TLS handshake. A handshake that fails ends the connection, without a word to `done`. */
export function acceptTls(
  raw: Socket,
  secureContext: SecureContext | undefined,
  askClient: boolean,
  done: (socket: TLSSocket, facts: NonNullable<ConnectionRecord['tls']>) => void,
): void {
  if (!secureContext) throw new Error('a relay without a certificate cannot start TLS');
  const options = { isServer: true, secureContext, requestCert: askClient, rejectUnauthorized: askClient };
  const secure = new TLSSocket(raw, options);
  secure.on('error', () => raw.destroy());
  secure.once('secure', () => {
    const resumed = secure.isSessionReused();
    done(secure, { resumed, protocol: secure.getProtocol() ?? '', clientAuthorized: secure.authorized });
  });
}
