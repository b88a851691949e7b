import type { SmtpFailure, SmtpReply } from '../outcome/outcome.ts';

/** How to reach one relay: the parsed secret, the version it came from, and the limits the stage config sets. */
export interface RelayConnectionSettings {
  readonly relay: string;
  /** Secrets Manager version id. Sessions of different versions are never mixed. */
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly auth?: PasswordAuth | TokenAuth;
  readonly ca?: string;
  readonly servername?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly ehloName?: string;
  /** Sessions this process may hold to the relay at one time. */
  readonly maxSessions: number;
}

export interface PasswordAuth {
  readonly kind: 'password';
  readonly username: string;
  readonly password: string;
  readonly method?: 'PLAIN' | 'LOGIN' | 'CRAM-MD5';
}

export interface TokenAuth {
  readonly kind: 'token';
  readonly user: string;
  /** A current OAuth 2.0 access token. */
  readonly accessToken: string;
}

/** Bounds of the phases, in milliseconds. Each is cut to what is left before the caller's deadline. */
export interface SmtpTimeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  readonly commandMs: number;
  readonly finalReplyMs: number;
}

/** One SMTP transaction: MAIL, RCPT…, DATA. */
export interface Transaction {
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  /** The complete RFC 5322 message with CRLF line ends, not yet dot-stuffed. Never copied, never modified. */
  readonly message: Buffer;
}

/** Milliseconds per phase of one transaction; absent when the phase did not happen. */
export interface TransactionTimings {
  readonly envelopeMs?: number;
  readonly dataMs?: number;
}

/** Milliseconds per phase of a session's set-up; TLS and AUTH are absent when they did not happen. */
export interface SetUpTimings {
  /** The dial, name resolution included. */
  readonly connectMs: number;
  /** From there to the 220, without TLS. */
  readonly greetingMs: number;
  readonly tlsMs?: number;
  readonly authMs?: number;
}

/**
 * What became of every recipient of the transaction. Each address of the envelope stands in exactly one of the two lists.
 * A failure of the whole transaction repeats its failure for every recipient that had no reply of its own.
 */
export interface TransactionResult {
  readonly accepted: readonly { readonly address: string; readonly reply: SmtpReply }[];
  readonly failed: readonly { readonly address: string; readonly failure: SmtpFailure }[];
  readonly timings: TransactionTimings;
}

/** A live, authenticated session that belongs to the caller until `send` or `release` has returned. Use it once. */
export interface SmtpSession {
  readonly relay: string;
  readonly reused: boolean;
  /** How it was set up; absent when that was for another caller. */
  readonly setUp?: SetUpTimings;
  /**
   * Runs the transaction and gives the session back to its pool, or discards it. Never rejects. DATA is begun only when
   * the final-reply time-out still fits before `deadline` (ms since the epoch). `relays` as in {@link AcquireOptions}.
   */
  send(transaction: Transaction, deadline: number, relays?: number): Promise<TransactionResult>;
  /** Gives the session back unused. */
  release(): void;
}

export type Acquired =
  | { readonly ok: true; readonly session: SmtpSession }
  | { readonly ok: false; readonly failure: SmtpFailure }
  /** When the caller's turn had come, `wanted` said no: the relay was not asked. */
  | { readonly ok: false; readonly withdrawn: true };

export interface AcquireOptions {
  /** Ms since the epoch. */
  readonly deadline: number;
  /** Passes idle sessions over, and goes before those who do not care: the caller's session died under its mail. */
  readonly fresh?: boolean;
  /**
   * Relays that share the time until the deadline: this one, and those that the mail can still turn to. The wait for a
   * place, and the opening of a session, take at most an even share of what is left each. Default 1.
   */
  readonly relays?: number;
  /** Asked when a place is free, before the relay is: whether this relay is still the one to ask. */
  readonly wanted?: () => Promise<boolean>;
}

export interface SmtpTransport {
  /**
   * A session to the relay: an idle one, or a new one, waiting for a free place when the limit is reached. Never rejects.
   */
  acquire(settings: RelayConnectionSettings, options: AcquireOptions): Promise<Acquired>;
  /** Ends every idle session with QUIT and refuses new ones. */
  close(): Promise<void>;
}

/** What the transport reports while it works; counted as S18 says. */
export interface SmtpObserver {
  /** A connection attempt starts (also one that will fail). */
  connectionOpened(relay: string): void;
  /** QUIT was sent and answered with 221. */
  connectionClosed(relay: string): void;
  /** A transaction begins on a session that has carried one before. */
  connectionReused(relay: string): void;
  /** No session came of the attempt. */
  connectionFailed(relay: string, failure: SmtpFailure): void;
  /** A session ended without QUIT: in its transaction or idle, by the relay or because it could not be trusted any more. */
  connectionLost(relay: string): void;
  /** A session is ready: how long its set-up took. */
  connectionReady(relay: string, timings: SetUpTimings): void;
}
