/**
 * The vocabulary of what can happen to an SMTP transaction. Every reply or network error is classified exactly once, by
 * the ordered rules in `rules.ts`, into a {@link Classification}.
 */

/** Where in the session it happened. `body` is between 354 and the final dot, `final-reply` after the final dot. */
export const phases = [
  'credentials', // the relay's secret or token could not be had
  'dns',
  'connect',
  'tls',
  'greeting',
  'ehlo',
  'starttls',
  'auth',
  'mail',
  'rcpt',
  'data',
  'body',
  'final-reply',
] as const;
export type Phase = (typeof phases)[number];

/** A well-formed SMTP reply (RFC 5321 §4.2), already split. */
export interface SmtpReply {
  readonly code: number;
  /** RFC 3463 enhanced status code, such as `4.7.1`. */
  readonly enhancedCode?: string;
  /** The reply's text, lines joined by a space, without codes; at most 1 KiB is kept. */
  readonly text: string;
}

/** What went wrong when there was no well-formed reply. */
export type NetworkErrorKind =
  | 'dns' // name does not resolve, or the resolver did not answer
  | 'refused' // connection refused, unreachable, reset before the greeting
  | 'timeout' // no answer in time, or in the relay's share of it: a bound of ours passed
  | 'deadline' // our own time was short, or ran out before the relay's turn: says nothing about the relay
  | 'closed' // connection closed or reset by the peer
  | 'tls' // handshake or certificate failure, STARTTLS not offered
  | 'protocol' // something that is no SMTP reply: empty line, garbage, oversize
  | 'unavailable' // the credentials could not be had: no secret, placeholder, token endpoint down
  | 'incapable'; // the relay lacks something this mail needs: SIZE, SMTPUTF8

export interface NetworkError {
  readonly kind: NetworkErrorKind;
  /** For logs and the DLQ's detail. Holds no secret and no address. */
  readonly message: string;
}

/** A failure as the SMTP layer saw it: either a reply or an error, never both. */
export type SmtpFailure = {
  readonly phase: Phase;
  /** True when the session had carried a transaction before this one. */
  readonly reused: boolean;
} & ({ readonly reply: SmtpReply; readonly error?: never } | { readonly error: NetworkError; readonly reply?: never });

export type Scope = 'recipient' | 'message' | 'sender' | 'relay' | 'throttle' | 'session' | 'uncertain';

/**
 * What a failure means.
 *
 * - `scope` says whose fault it is, and so what happens next (table "Outcomes" of the architecture document).
 * - `permanent`: asking again will not help. Only `recipient`, `message` and `sender` are ever permanent.
 * - `trait` marks what needs special care: `size` (another relay may take more), `credentials` (refetch the secret
 *   once), `greylisted` (the same relay again).
 */
export interface Classification {
  readonly scope: Scope;
  readonly permanent: boolean;
  readonly trait?: 'size' | 'credentials' | 'greylisted';
  /** Name of the rule that decided, for logs and tests. */
  readonly rule: string;
}
