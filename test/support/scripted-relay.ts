import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { tlsAcceptor } from './scripted-relay-abilities.ts';
import type { Behaviour } from './scripted-relay-behaviour.ts';
import { Conversation } from './scripted-relay-conversation.ts';

export { type Behaviour, faults } from './scripted-relay-behaviour.ts';

/**
 * Moments at which a scripted relay can misbehave. `tls` is the handshake (implicit, or after STARTTLS), `body` the
 * moment when the first body byte has arrived (unless it replies, the relay reads no further), `final` the final dot.
 */
export type ScriptPhase =
  | 'greeting'
  | 'ehlo'
  | 'starttls'
  | 'tls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'body'
  | 'final'
  | 'rset'
  | 'quit';

/** Where in the relay's life a behaviour is asked for. Counts start at 1. */
export interface Turn {
  readonly connection: number;
  /** MAIL commands seen on all connections. */
  readonly transaction: number;
  /** The command line; empty for greeting, tls, body and final. */
  readonly command: string;
}

/** Per phase what to do instead of the normal answer; a function may return undefined for the normal answer. */
export type Script = { readonly [phase in ScriptPhase]?: Behaviour | ((turn: Turn) => Behaviour | undefined) };

export interface RelayOptions {
  readonly script?: Script;
  /** Default true. */
  readonly pipelining?: boolean;
  /** Advertised SIZE in bytes; absent: not advertised. */
  readonly size?: number;
  /** Default true. */
  readonly eightBitMime?: boolean;
  /** Default false. */
  readonly smtpUtf8?: boolean;
  /** SASL mechanisms to advertise and accept. Absent: no AUTH. */
  readonly auth?: readonly ('PLAIN' | 'LOGIN' | 'CRAM-MD5' | 'XOAUTH2')[];
  /** Default user / secret; for XOAUTH2 the password is the access token. */
  readonly login?: { readonly user: string; readonly password: string };
  readonly tls?: {
    readonly mode: 'implicit' | 'starttls';
    readonly key: string;
    readonly cert: string;
    /** Ask for a client certificate of this authority. */
    readonly clientCa?: string;
    readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
    /** Take the STARTTLS keyword out of the EHLO reply, as a man in the middle does. */
    readonly stripped?: boolean;
  };
}

export interface ConnectionRecord {
  readonly commands: string[];
  /** Undefined while plain. */
  tls?: { readonly resumed: boolean; readonly protocol: string; readonly clientAuthorized: boolean };
  authenticatedAs?: string;
  quit: boolean;
  open: boolean;
}

/** A message whose final dot arrived; `taken` says whether the relay answered (or meant to answer) 250. */
export interface MessageRecord {
  readonly connection: number;
  readonly mail: string;
  /** RCPT commands that were answered with 2xx. */
  readonly recipients: readonly string[];
  /** Dot-unstuffed, without the final dot. */
  readonly body: Buffer;
  readonly taken: boolean;
}

/** What the relay saw; grows while it runs. */
export interface RelayLog {
  readonly connections: ConnectionRecord[];
  readonly messages: MessageRecord[];
}

/**
 * An SMTP server that speaks real bytes by script: a normal relay by default, with a behaviour per phase instead of the
 * normal answer where the script says so. Listens on 127.0.0.1, port 0, and records every command, connection and message.
 *
 *     const relay = await startScriptedRelay({ script: { rcpt: { reply: '450 4.2.1 busy' }, final: 'close' } });
 *     relay.script = { mail: (turn) => (turn.transaction === 2 ? 'reset' : undefined) };
 *     await relay.until((log) => log.messages.length === 1);   // no sleeps
 *     await relay.close();
 */
export interface ScriptedRelay extends RelayLog {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** May be replaced at any time; connections look at it at each phase. */
  script: Script;
  /** Command lines of all connections, in order of connection. */
  commands(): string[];
  openConnections(): number;
  /** Resolves once the condition holds; it is looked at after everything the relay sees. */
  until(condition: (log: RelayLog) => boolean): Promise<void>;
  /** Ends every connection, as a server with a short idle time-out does: with FIN or RST. */
  dropConnections(how: 'close' | 'reset'): void;
  /** Sends a line on every connection, unasked. */
  say(line: string): void;
  /** Stops listening and destroys what is open. */
  close(): Promise<void>;
}

export async function startScriptedRelay(options: RelayOptions = {}): Promise<ScriptedRelay> {
  const conversations = new Set<Conversation>();
  const waiting = new Set<() => void>();
  const count = { transactions: 0 };
  const log: RelayLog = { connections: [], messages: [] };
  const changed = () => {
    for (const look of waiting) look();
  };
  const acceptTls = options.tls && tlsAcceptor(options.tls);
  const server = createServer({ noDelay: true });
  server.on('connection', (socket: Socket) => {
    const conversation = new Conversation(socket, {
      options,
      acceptTls,
      log,
      count,
      changed,
      script: () => relay.script,
    });
    conversations.add(conversation);
    socket.once('close', () => {
      conversations.delete(conversation);
      changed();
    });
    conversation.start();
    changed();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  const relay: ScriptedRelay = {
    ...log,
    host: '127.0.0.1',
    port: address.port,
    script: options.script ?? {},
    commands: () => log.connections.flatMap((connection) => connection.commands),
    openConnections: () => conversations.size,
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition(log)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    dropConnections(how) {
      for (const conversation of conversations) conversation.drop(how);
    },
    say(line) {
      for (const conversation of conversations) conversation.say(line);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const conversation of conversations) conversation.drop('reset');
      await closed;
    },
  };
  return relay;
}
