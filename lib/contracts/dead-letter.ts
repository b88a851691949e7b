/**
 * Why a mail, or some of its recipients, went to the dead-letter queue. An open list: readers must accept words they do
 * not know.
 */
export const deadLetterReasons = [
  'rejected',
  'expired',
  'retry-exhausted',
  'malformed',
  'not-allowed',
  'attachment-unavailable',
  'poison',
  'uncertain',
  'key-conflict',
  'bounce-undeliverable',
] as const;

export type DeadLetterReason = (typeof deadLetterReasons)[number];

/** Message attributes of a dead-letter entry, all of type String, absent when empty. The body is the original body. */
export interface DeadLetterAttributes {
  readonly reason: DeadLetterReason;
  /** JSON of {@link DeadLetterDetail}, at most 16 KiB. */
  readonly detail: string;
  readonly idempotencyKey: string;
  /** The same for every copy of one entry, so that a repeat after a crash is recognisable. */
  readonly deadLetterId: string;
  /** Charged attempts, a decimal integer. */
  readonly attempts: string;
  /** ISO 8601, UTC. */
  readonly firstSeenAt: string;
  /** ISO 8601, UTC. */
  readonly failedAt: string;
  /** SQS message id of the intake message that carried the mail when it failed. */
  readonly sourceMessageId: string;
}

/** What `detail` holds: per failed recipient why; for `malformed` the field errors. */
export interface DeadLetterDetail {
  readonly recipients?: readonly FailedRecipient[];
  readonly errors?: readonly FieldError[];
  /** A sentence for people where neither list says it (an attachment, a key conflict). */
  readonly message?: string;
  /** Present when something was left out to stay within 16 KiB: how many list entries are missing. */
  readonly truncated?: number;
}

export interface FailedRecipient {
  readonly address: string;
  readonly relay?: string;
  /** SMTP reply code (RFC 5321 §4.2). */
  readonly code?: number;
  /** Enhanced status code (RFC 3463), such as `5.1.1`. */
  readonly enhancedCode?: string;
  readonly reply?: string;
  readonly phase?: string;
}

/** One broken rule of the intake contract: the field's path (`to[1]`, `headers.Bcc`) and the rule. */
export interface FieldError {
  readonly field: string;
  readonly rule: string;
}
