import type { TLSSocket } from 'node:tls';
import type { NetworkError, Phase, SmtpFailure, SmtpReply } from '../outcome/outcome.ts';
import { allowed, type Bounds } from './bounds.ts';
import type { Channel, ChannelUser } from './channel.ts';
import { type Extensions, parseExtensions } from './extensions.ts';
import { errorCode, failedBy, networkErrorOf, refusedBy } from './failure.ts';
import { loginFor } from './login.ts';
import type { TlsContext } from './tls-context.ts';
import type { RelayConnectionSettings, SetUpTimings } from './transport.ts';

export type Shaken =
  | ({ readonly ok: true; readonly extensions: Extensions } & Omit<SetUpTimings, 'connectMs'>)
  | { readonly ok: false; readonly failure: SmtpFailure };

export interface HandshakeInput {
  readonly channel: Channel;
  readonly settings: RelayConnectionSettings;
  /** Present when the session must be upgraded with STARTTLS. */
  readonly upgrade: TlsContext | undefined;
  readonly bounds: Bounds;
  /** The login begins. */
  readonly onLogin?: (() => void) | undefined;
  /** A phase has ended, well or not. EHLO happens twice where there is STARTTLS. */
  readonly onPhase?: (phase: SetUpPhase, tookMs: number) => void;
}

type SetUpPhase = Extract<Phase, 'greeting' | 'ehlo' | 'starttls' | 'tls' | 'auth'>;

const plaintextInTls: NetworkError = { kind: 'protocol', message: 'plaintext instead of the TLS handshake' };

/** From the greeting to a session that can take mail. On failure the channel is destroyed. */
export function handshake(input: HandshakeInput): Promise<Shaken> {
  return new Promise((resolve) => new Handshake(input, resolve).start());
}

class Handshake implements ChannelUser {
  readonly #input: HandshakeInput;
  readonly #resolve: (result: Shaken) => void;
  #phase: SetUpPhase = 'greeting';
  #phaseStartedAt = 0;
  #secured = false;
  #extensions: Extensions = new Map();
  #greetingMs = 0;
  #tlsMs: number | undefined;

  constructor(input: HandshakeInput, resolve: (result: Shaken) => void) {
    this.#input = input;
    this.#resolve = resolve;
  }

  start(): void {
    const { channel, bounds } = this.#input;
    channel.use(this);
    this.#enter('greeting', bounds.timeouts.greetingMs);
    channel.connection.connect((error) => {
      if (error === undefined) this.#logIn();
      else this.#fail(failedBy(this.#phase, networkErrorOf(error)));
    });
  }

  reply(reply: SmtpReply, raw: string): void {
    const { greetingMs } = this.#input.bounds.timeouts;
    const wanted = { greeting: 220, ehlo: 250, starttls: 220, tls: undefined, auth: undefined }[this.#phase];
    if (this.#phase === 'tls') this.#fail(failedBy('tls', plaintextInTls));
    else if (reply.code >= 400 || reply.code !== (wanted ?? reply.code)) this.#fail(refusedBy(this.#phase, reply));
    else if (this.#phase === 'greeting') this.#welcomed();
    else if (this.#phase === 'ehlo') this.#greeted(raw);
    else if (this.#phase === 'starttls') this.#enter('tls', greetingMs);
    // In AUTH nodemailer goes on by itself, and the bound holds for the whole exchange: it ends with the login's callback.
  }

  secured(socket: TLSSocket): void {
    const { upgrade, bounds } = this.#input;
    upgrade?.remember(socket);
    this.#secured = true;
    this.#tlsMs = bounds.clock.now() - this.#phaseStartedAt;
    this.#enter('ehlo', bounds.timeouts.commandMs);
  }

  lost(error: NetworkError, code?: string): void {
    const kind = this.#phase === 'greeting' && code === 'ECONNRESET' ? 'refused' : error.kind;
    this.#fail(failedBy(this.#phase, { ...error, kind }));
  }

  #welcomed(): void {
    const { clock, timeouts } = this.#input.bounds;
    this.#greetingMs = clock.now() - this.#phaseStartedAt;
    this.#enter('ehlo', timeouts.commandMs);
  }

  #greeted(raw: string): void {
    this.#extensions = parseExtensions(raw);
    if (this.#input.upgrade === undefined || this.#secured) return;
    // Also what a man in the middle leaves of the reply: without encryption nothing more is said.
    const missing: NetworkError = { kind: 'tls', message: 'the relay does not offer STARTTLS' };
    if (this.#extensions.has('STARTTLS')) this.#enter('starttls', this.#input.bounds.timeouts.commandMs);
    else this.#fail(failedBy('starttls', missing));
  }

  #logIn(): void {
    const { settings, channel, bounds, onLogin } = this.#input;
    if (settings.auth === undefined) {
      this.#succeed();
      return;
    }
    const login = loginFor(settings.auth, this.#extensions, settings.tls !== 'none');
    if (typeof login === 'string') {
      this.#fail(failedBy('auth', { kind: 'protocol', message: login }));
      return;
    }
    this.#enter('auth', bounds.timeouts.commandMs);
    onLogin?.();
    const startedAt = bounds.clock.now();
    channel.connection.login(login, (error) => {
      // A refusal has been seen as a reply by now; what is left is a challenge that is none.
      if (error === null) this.#succeed(bounds.clock.now() - startedAt);
      else this.#fail(failedBy('auth', { kind: 'protocol', message: errorCode(error) }));
    });
  }

  #enter(phase: SetUpPhase, limitMs: number): void {
    const { channel, bounds } = this.#input;
    this.#endPhase();
    this.#phase = phase;
    this.#phaseStartedAt = bounds.clock.now();
    channel.arm(allowed(limitMs, bounds));
  }

  #endPhase(): void {
    const { onPhase, bounds } = this.#input;
    if (this.#phaseStartedAt > 0) onPhase?.(this.#phase, bounds.clock.now() - this.#phaseStartedAt);
  }

  #succeed(authMs?: number): void {
    this.#endPhase();
    this.#input.channel.disarm();
    this.#resolve({
      ok: true,
      extensions: this.#extensions,
      greetingMs: this.#greetingMs,
      ...(this.#tlsMs === undefined ? {} : { tlsMs: this.#tlsMs }),
      ...(authMs === undefined ? {} : { authMs }),
    });
  }

  #fail(failure: SmtpFailure): void {
    this.#endPhase();
    this.#input.channel.destroy();
    this.#resolve({ ok: false, failure });
  }
}
