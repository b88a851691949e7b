import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { RelaySecret } from '../../lib/contracts/relay-secret.ts';
import { type Behaviour, wellBehaved } from './behaviour.ts';
import type { RelayCertificate } from './certificate.ts';
import { dialogueLogger, type OnDialogue } from './dialogue.ts';
import { type Credentials, type Deliver, sessionHandlers } from './session.ts';

export interface RelayOptions {
  readonly name: string;
  /** Takes what was delivered; a mail is acknowledged only after it returned. */
  readonly deliver: Deliver;
  readonly behaviour?: Behaviour;
  /** With a certificate the relay requires STARTTLS and AUTH; without one it speaks plaintext and takes anyone. */
  readonly certificate?: RelayCertificate;
  /** How long a session may be silent before the relay ends it, in milliseconds; a minute unless told otherwise. */
  readonly idleMs?: number;
  /** Hears every command and every reply. */
  readonly onDialogue?: OnDialogue;
}

export interface EmbeddedRelay {
  readonly name: string;
  readonly port: number;
  /** What the relay's Secrets Manager secret must hold for a sender to use it, as of now. */
  readonly secret: RelaySecret;
  /** Changes what the relay does from now on. */
  behave(behaviour: Behaviour): void;
  /** Closes the port and drops every session, as a crashed host does. */
  goDown(): Promise<void>;
  /** Opens the same port again. */
  comeBack(): Promise<void>;
  /** Ends every session without a word, as an idle time-out on the way does; new ones are welcome. */
  dropSessions(): void;
  /** Takes only a new password from now on; sessions of the old one are told so at their next mail. */
  changePassword(): void;
  close(): Promise<void>;
}

/**
 * An SMTP server on a free loopback port that delivers to `deliver`. What npm `smtp-server` does not do, and callers
 * must not expect: it waits 100 ms before every greeting (early talkers), compares recipients case-insensitively
 * (`Ada@` and `ada@` count as one), and has no CHUNKING.
 */
export async function startRelay(options: RelayOptions): Promise<EmbeddedRelay> {
  let behaviour = options.behaviour ?? wellBehaved;
  let credentials = newCredentials(options.name);
  const sockets = new Map<number, Socket>();
  const handlers = sessionHandlers({
    relay: options.name,
    credentials: () => credentials,
    deliver: options.deliver,
    behaviour: (moment) => behaviour(moment),
    drop: (remotePort) => sockets.get(remotePort)?.destroy(),
  });
  const smtp = new SMTPServer({ ...protocolOptions(options), ...handlers });
  // A client that resets its connection in the middle of a mail is part of what this relay is for.
  smtp.on('error', () => undefined);
  smtp.server.on('connection', (socket) => trackSocket(sockets, socket));
  const port = await listen(smtp, 0);

  const dropSessions = () => {
    for (const socket of sockets.values()) socket.destroy();
  };
  const goDown = async () => {
    if (!smtp.server.listening) return;
    const closed = once(smtp.server, 'close');
    smtp.server.close();
    dropSessions();
    await closed;
  };
  return {
    name: options.name,
    port,
    get secret() {
      return secretOf(options, credentials, port);
    },
    behave: (next) => {
      behaviour = next;
    },
    goDown,
    comeBack: async () => {
      await listen(smtp, port);
    },
    dropSessions,
    changePassword: () => {
      credentials = newCredentials(options.name);
    },
    close: goDown,
  };
}

function newCredentials(username: string): Credentials {
  return { username, password: randomBytes(18).toString('base64url') };
}

function protocolOptions(options: RelayOptions) {
  const common = {
    name: options.name,
    disableReverseLookup: true,
    logger: options.onDialogue === undefined ? false : dialogueLogger(options.onDialogue),
    maxAllowedUnauthenticatedCommands: 20,
    ...(options.idleMs !== undefined && { socketTimeout: options.idleMs }),
  };
  return options.certificate === undefined
    ? { ...common, authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'] }
    : { ...common, authMethods: ['PLAIN', 'LOGIN'], key: options.certificate.key, cert: options.certificate.cert };
}

function secretOf(options: RelayOptions, credentials: Credentials, port: number): RelaySecret {
  const host = '127.0.0.1';
  return options.certificate === undefined
    ? { host, port, tls: 'none' }
    : { host, port, tls: 'starttls', ...credentials, ca: options.certificate.ca, servername: 'localhost' };
}

function trackSocket(sockets: Map<number, Socket>, socket: Socket): void {
  const { remotePort } = socket;
  // Small replies would otherwise wait 40 ms for the client's delayed acknowledgement.
  socket.setNoDelay(true);
  if (remotePort === undefined) return;
  sockets.set(remotePort, socket);
  socket.once('close', () => sockets.delete(remotePort));
}

async function listen(smtp: SMTPServer, port: number): Promise<number> {
  const listening = once(smtp.server, 'listening');
  smtp.server.listen(port, '127.0.0.1');
  await listening;
  const address: AddressInfo | string | null = smtp.server.address();
  if (address === null || typeof address === 'string') throw new Error('The relay has no TCP port.');
  return address.port;
}
