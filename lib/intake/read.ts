import type { FieldError } from '../contracts/dead-letter.ts';
import type { IntakeMessage } from '../contracts/intake-message.ts';
import type { Errors } from './content.ts';
import { readEnvelope } from './envelope.ts';
import type { Mail, MailContent } from './mail.ts';
import { readParts } from './parts.ts';
import { payloadHash } from './payload-hash.ts';
import { forbiddenSenders } from './sender-domains.ts';
import { checkShape, isPlainObject } from './shape.ts';
import { isKey, unwrap } from './unwrap.ts';

/** What intake needs of an SQS record. */
export interface IntakeRecord {
  readonly body: string;
  /** SQS message id. */
  readonly messageId: string;
  /** When SQS took the message, milliseconds since the epoch. */
  readonly sentTimestamp: number;
  readonly attributes: { readonly idempotencyKey?: string };
}

export interface IntakeRules {
  /** Empty: every sender domain is allowed. */
  readonly allowedFromDomains: readonly string[];
  /** Buckets that attachments and raw messages may come from. */
  readonly attachmentBuckets: readonly string[];
}

export type ReadResult =
  | { readonly ok: true; readonly mail: Mail }
  | {
      readonly ok: false;
      readonly reason: 'malformed' | 'not-allowed';
      readonly errors: readonly FieldError[];
      /** The idempotency key as far as it could be made out, at last the SQS message id. */
      readonly key: string;
    };

/**
 * Reads, validates and normalises one intake message. Pure; never throws for anything a message can hold. An expired
 * message is read like any other: whoever sends it compares `expiresAt` with the clock.
 */
export function readIntakeMessage(record: IntakeRecord, rules: IntakeRules): ReadResult {
  const unwrapped = unwrap(record.body);
  const attribute = record.attributes.idempotencyKey;
  if (!unwrapped.ok) {
    return malformed([unwrapped.error], isKey(attribute) ? attribute : record.messageId);
  }
  const own = isPlainObject(unwrapped.value) ? unwrapped.value['idempotencyKey'] : undefined;
  const key = [attribute, own, unwrapped.envelopeId].find(isKey) ?? record.messageId;
  const shape = checkShape(unwrapped.value);
  if (!shape.ok) return malformed(shape.errors, key);
  const errors: Errors = [];
  const parts = readParts(shape.message, errors);
  const envelope = readEnvelope(shape.message, parts.implied, errors);
  if (envelope === undefined || parts.content === undefined) return malformed(errors, key);
  const bounce = shape.message.envelope?.from === undefined ? [] : [{ field: 'envelope.from', address: envelope.from }];
  const forbidden = [
    ...forbiddenSenders([...parts.senders, ...bounce], rules.allowedFromDomains),
    ...forbiddenBuckets(parts.content, rules),
  ];
  if (forbidden.length > 0) return { ok: false, reason: 'not-allowed', errors: forbidden, key };
  const expiresAt = expiryOf(shape.message, record.sentTimestamp);
  const mail: Mail = {
    key,
    payloadHash: payloadHash(envelope, parts.content),
    envelope,
    content: parts.content,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    onUncertain: shape.message.onUncertain ?? 'resend',
    ...(shape.message.bounces === 'off' ? { bounces: 'off' } : {}),
    tags: shape.message.tags ?? {},
  };
  return { ok: true, mail };
}

function forbiddenBuckets(content: MailContent, rules: IntakeRules): FieldError[] {
  const sources =
    content.kind === 'raw'
      ? [{ field: 'raw', source: content.source }]
      : content.fields.attachments.map(({ source }, index) => ({ field: `attachments[${index}]`, source }));
  return sources
    .filter(({ source }) => source.kind === 's3' && !rules.attachmentBuckets.includes(source.bucket))
    .map(({ field }) => ({ field: `${field}.s3.bucket`, rule: 'must be one of the stage\'s "attachmentBuckets"' }));
}

/** Whole milliseconds: a publisher may give fractions of a second. */
function expiryOf({ expiresAt, expiresInSeconds }: IntakeMessage, sentTimestamp: number): number | undefined {
  if (expiresAt !== undefined) return Date.parse(expiresAt);
  return expiresInSeconds === undefined ? undefined : Math.floor(sentTimestamp + expiresInSeconds * 1000);
}

function malformed(errors: readonly FieldError[], key: string): ReadResult {
  return { ok: false, reason: 'malformed', errors, key };
}
