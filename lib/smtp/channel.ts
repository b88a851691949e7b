import type { Socket } from 'node:net';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { NetworkError, SmtpReply } from '../outcome/outcome.ts';
import { errorCode, networkErrorOf, timedOut } from './failure.ts';
import { ReplyReader } from './reply-reader.ts';

/** Whoever talks over the channel at the moment. */
export interface ChannelUser {
  reply(reply: SmtpReply, raw: string): void;
  /** The channel is gone. Called once; `code` is the system's or TLS's, where there was one. */
  lost(error: NetworkError, code?: string): void;
  /** STARTTLS has succeeded: the channel goes on over `socket`. */
  secured?(socket: TLSSocket): void;
}

export interface ChannelOptions {
  readonly host: string;
  readonly ehloName?: string;
  /** STARTTLS with these options; absent: the socket stays as it is. */
  readonly starttls?: ConnectionOptions;
}

// Every wait is bounded here, by wall clock. nodemailer's own bounds are idle times, and must never be the first to pass.
const never = 24 * 60 * 60 * 1000;

/**
 * A connected socket with nodemailer speaking SMTP on it, and our own eyes on every byte that comes back: replies are
 * seen here before nodemailer acts on them, so the user can end the conversation first. After `lost` or `destroy`
 * neither socket, timer nor listener is left.
 */
export class Channel {
  readonly connection: SMTPConnection;
  readonly #plain: Socket;
  readonly #reader = new ReplyReader();
  #socket: Socket;
  #user: ChannelUser | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastLook: NodeJS.Immediate | undefined;
  #over = false;

  constructor(socket: Socket, secured: boolean, options: ChannelOptions) {
    this.#plain = socket;
    this.#socket = socket;
    this.connection = new SMTPConnection({
      host: options.host,
      ...(options.ehloName === undefined ? {} : { name: options.ehloName }),
      connection: socket,
      secure: secured,
      secured,
      ...(options.starttls ? { requireTLS: true, tls: options.starttls } : { ignoreTLS: true }),
      connectionTimeout: never,
      greetingTimeout: never,
      socketTimeout: never,
      // nodemailer swaps the socket on STARTTLS and tells nobody but its log.
      logger: { info: () => this.#lookForTls(), debug: () => {}, warn: () => {}, error: () => {}, trace: () => {} },
    });
    this.connection.on('error', (error: Error) => this.#lose(networkErrorOf(error), errorCode(error)));
    this.#watch(socket);
    // Our listener must not start the flow before nodemailer has its own: the greeting would pass it by.
    socket.pause();
  }

  get socket(): Socket {
    return this.#socket;
  }

  get over(): boolean {
    return this.#over;
  }

  use(user: ChannelUser): void {
    this.#user = user;
  }

  /** From now on the user has `milliseconds` to call this again, or {@link disarm}; else the channel is lost. */
  arm(milliseconds: number): void {
    this.disarm();
    if (this.#over) return;
    this.#timer = setTimeout(() => {
      // When the process itself was late, the answer may have been lying there in time: timers run before sockets are read.
      this.#lastLook = setImmediate(() => this.#lose(timedOut(milliseconds)));
    }, milliseconds);
  }

  disarm(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastLook);
  }

  /** Ends the connection at once; the user is not told. */
  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.disarm();
    this.connection.close();
    this.#unwatch(this.#socket);
    this.#unwatch(this.#plain);
    this.#socket.destroy();
    this.#plain.destroy();
  }

  #lose(error: NetworkError, code?: string): void {
    if (this.#over) return;
    this.destroy();
    this.#user?.lost(error, code);
  }

  #watch(socket: Socket): void {
    socket.prependListener('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('error', this.#onError);
  }

  /** The error listener stays: an error that comes after the end must find somebody. */
  #unwatch(socket: Socket): void {
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onEnd);
  }

  #lookForTls(): void {
    const current = this.connection._socket;
    const secured = this.connection.secure && current !== this.#socket && current instanceof TLSSocket;
    if (this.#over || !secured) return;
    this.#unwatch(this.#socket);
    this.#socket = current;
    this.#watch(current);
    this.#user?.secured?.(current);
  }

  readonly #onData = (chunk: Buffer): void => {
    for (const received of this.#reader.push(chunk)) {
      if (this.#over) return;
      if (received.invalid !== undefined) this.#lose({ kind: 'protocol', message: received.invalid });
      else this.#user?.reply(received.reply, received.raw);
    }
  };

  readonly #onEnd = (): void => {
    if (this.#reader.halfway) this.#lose({ kind: 'protocol', message: 'connection closed within a reply' });
    else this.#lose({ kind: 'closed', message: 'connection closed by the relay' });
  };

  readonly #onError = (error: Error): void => this.#lose(networkErrorOf(error), errorCode(error));
}
