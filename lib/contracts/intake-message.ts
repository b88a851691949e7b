import * as v from 'valibot';
import {
  base64,
  contentId,
  contentType,
  displayName,
  headerName,
  headerText,
  idempotencyKey,
  line,
  noLongBlank,
  wellFormed,
} from './intake-fields.ts';

/** UTF-8 bytes of the message body. SQS allows 1 MiB; the rest is room for the dead letter's attributes. */
export const maxIntakeBytes = 960 * 1024;
/** Recipients of one message in all. */
export const maxRecipients = 100;
/** Attachments of one message, and header fields of one message. */
export const maxListEntries = 100;

/** `local@domain`, or `Name <local@domain>`; the grammar is checked where it is normalised. */
const addressLine = v.pipe(line(1000), noLongBlank);
const mailbox = v.union([addressLine, v.strictObject({ name: v.optional(displayName), address: line(320) })]);
const mailboxes = v.pipe(v.array(mailbox), v.maxLength(maxRecipients, 'must not have more than 100 entries'));
const body = v.pipe(v.string(), wellFormed);

const s3Object = v.strictObject({
  bucket: line(63),
  key: line(1024),
  versionId: v.optional(line(1024)),
});

const hasOneSource = (holder: { content?: unknown; s3?: unknown }) =>
  (holder.content === undefined) !== (holder.s3 === undefined);
const oneSourceRule = 'must have either "content" or "s3"';
const oneSourceSchema = { oneOf: [{ required: ['content'] }, { required: ['s3'] }] };

const attachment = v.pipe(
  v.strictObject({
    filename: v.optional(line(255)),
    contentType: v.optional(contentType),
    content: v.optional(base64),
    s3: v.optional(s3Object),
    contentId: v.optional(contentId),
    disposition: v.optional(v.picklist(['attachment', 'inline'])),
  }),
  v.check((holder) => hasOneSource(holder), oneSourceRule),
  v.metadata(oneSourceSchema),
);

const raw = v.pipe(
  v.strictObject({ content: v.optional(base64), s3: v.optional(s3Object) }),
  v.check((holder) => hasOneSource(holder), oneSourceRule),
  v.metadata(oneSourceSchema),
  v.description(
    'A complete RFC 5322 message, instead of subject, text, html, headers, attachments and replyTo. With "s3", sender and ' +
      'recipients must be given by "from" and "to", or by "envelope": the object is not read before the mail is sent.',
  ),
);

const envelope = v.pipe(
  v.strictObject({
    from: v.optional(v.union([line(320), v.literal('')])),
    to: v.optional(
      v.pipe(
        v.array(line(320)),
        v.minLength(1, 'must have at least one entry'),
        v.maxLength(maxRecipients, 'must not have more than 100 entries'),
      ),
    ),
  }),
  v.description('Overrides what the headers imply (RFC 5321). An empty "from", or "<>", is the null sender.'),
);

const headers = v.record(
  headerName,
  v.union([
    headerText,
    v.pipe(v.array(headerText), v.maxLength(maxListEntries, 'must not have more than 100 entries')),
  ]),
);

const headersDescription =
  'Further header fields; a list makes one field per entry. Refused are the fields that have a place of their own here ' +
  '(From, Sender, To, Cc, Bcc, Reply-To, Subject), that Postroom or a mail server writes (Date, Message-ID, MIME-Version, ' +
  'Content-*, Received, Return-Path, Authentication-Results, X-Postroom-*) or that sign or resend a finished message ' +
  '(DKIM-Signature, ARC-*, Resent-*).';

const tags = v.pipe(
  v.record(line(64), v.pipe(headerText, v.maxLength(256, 'must not have more than 256 characters'))),
  v.maxEntries(10, 'must not have more than 10 entries'),
  v.description('Copied to logs and events, never to metric dimensions.'),
);

/** `Date.parse` takes February 30 for March 2. */
function exists(time: string): boolean {
  const day = time.slice(0, 'yyyy-mm-dd'.length);
  return !Number.isNaN(Date.parse(time)) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** The intake contract, version 1: the shape of each field. */
export const intakeMessage = v.strictObject({
  version: v.optional(v.pipe(v.literal(1), v.description('Version of this contract.'))),
  idempotencyKey: v.optional(
    v.pipe(
      idempotencyKey,
      v.description(
        'Same key, same content: delivered once. Default: EventBridge id, SNS MessageId, else SQS message id.',
      ),
    ),
  ),
  from: v.optional(v.pipe(mailbox, v.description('Required unless "raw" is given.'))),
  to: v.optional(mailboxes),
  cc: v.optional(mailboxes),
  bcc: v.optional(mailboxes),
  replyTo: v.optional(mailboxes),
  subject: v.optional(headerText),
  text: v.optional(v.pipe(body, v.description('Plain text; made from "html" when absent.'))),
  html: v.optional(body),
  headers: v.optional(
    v.pipe(
      headers,
      v.maxEntries(maxListEntries, 'must not have more than 100 entries'),
      v.description(headersDescription),
    ),
  ),
  attachments: v.optional(
    v.pipe(v.array(attachment), v.maxLength(maxListEntries, 'must not have more than 100 entries')),
  ),
  raw: v.optional(raw),
  envelope: v.optional(envelope),
  expiresAt: v.optional(
    v.pipe(
      v.string(),
      v.isoTimestamp('must be an ISO 8601 time with a zone, such as "2026-11-23T10:00:00Z"'),
      v.check(exists, 'must be a time that exists'),
      v.description('The mail is not sent after this time.'),
    ),
  ),
  expiresInSeconds: v.optional(
    v.pipe(
      v.number(),
      v.gtValue(0, 'must be more than 0'),
      v.maxValue(31_536_000, 'must not be more than 31536000 (a year)'),
      v.description('Seconds from the time of enqueueing; an alternative to "expiresAt".'),
    ),
  ),
  onUncertain: v.optional(
    v.pipe(
      v.picklist(['resend', 'hold']),
      v.description('After a doubtful delivery: send once more at most, or never again. Default: resend.'),
    ),
  ),
  bounces: v.optional(
    v.pipe(
      v.picklist(['on', 'off']),
      v.description(
        'Whether the envelope sender gets a bounce or a delay notice (RFC 3464) about this mail. "on", the default: as the ' +
          'stage is configured. "off": never.',
      ),
    ),
  ),
  tags: v.optional(tags),
});

export type IntakeMessage = v.InferOutput<typeof intakeMessage>;
export type IntakeMailbox = v.InferOutput<typeof mailbox>;
export type IntakeSource = v.InferOutput<typeof raw>;
