import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
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

export type TlsAcceptor = (
  raw: Socket,
  done: (socket: TLSSocket, facts: NonNullable<ConnectionRecord['tls']>) => void,
) => void;

/** The server's side of TLS handshakes over accepted sockets. One that fails ends its connection, without a word to `done`. */
export function tlsAcceptor({ key, cert, clientCa, maxVersion }: NonNullable<RelayOptions['tls']>): TlsAcceptor {
  const waiting = new Map<number | undefined, Parameters<TlsAcceptor>[1]>();
  const server = createServer({
    key,
    cert,
    ...(clientCa ? { ca: clientCa, requestCert: true, rejectUnauthorized: true } : {}),
    ...(maxVersion ? { minVersion: 'TLSv1', maxVersion } : {}),
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    const facts = {
      resumed: socket.isSessionReused(),
      protocol: socket.getProtocol() ?? '',
      clientAuthorized: socket.authorized,
    };
    waiting.get(socket.remotePort)?.(socket, facts);
    waiting.delete(socket.remotePort);
  });
  return (raw, done) => {
    waiting.set(raw.remotePort, done);
    server.emit('connection', raw);
  };
}
