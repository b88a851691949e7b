/**
 * A mail as the rest of the system sees it: read, validated and normalised, whatever envelope it came in. Nothing here
 * depends on the relay that will take it or on how often it was received.
 */
export interface Mail {
  /** Idempotency key: of a redriven entry's attribute, the message, EventBridge id, SNS MessageId, or SQS message id. */
  readonly key: string;
  /** SHA-256 (hex) of the normalised content; expiry, tags, `onUncertain` and the key itself are left out. */
  readonly payloadHash: string;
  readonly envelope: MailEnvelope;
  readonly content: MailContent;
  /** Milliseconds since the epoch after which the mail must not be sent any more. */
  readonly expiresAt?: number;
  readonly onUncertain: 'resend' | 'hold';
  /** Present when the publisher wants no bounce and no delay notice about this mail. */
  readonly bounces?: 'off';
  readonly tags: Readonly<Record<string, string>>;
}

/** RFC 5321 envelope. Addresses are normalised: domain in lower-case A-label form, local part untouched. */
export interface MailEnvelope {
  /** Reverse-path without angle brackets; the empty string is the null sender `<>`. */
  readonly from: string;
  /** 1 to 100 distinct forward-paths, in the order of the message. */
  readonly to: readonly string[];
}

export type MailContent =
  | { readonly kind: 'composed'; readonly fields: ComposedFields }
  | { readonly kind: 'raw'; readonly source: ContentSource };

export interface Mailbox {
  readonly name?: string;
  readonly address: string;
}

export interface ComposedFields {
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly attachments: readonly MailAttachment[];
}

export interface MailAttachment {
  readonly filename?: string;
  readonly contentType?: string;
  readonly contentId?: string;
  readonly disposition: 'attachment' | 'inline';
  readonly source: ContentSource;
}

export type ContentSource =
  | { readonly kind: 'inline'; readonly base64: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string; readonly versionId?: string };
