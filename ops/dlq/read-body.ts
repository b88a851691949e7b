import type { IntakeMessage } from '../../lib/contracts/intake-message.ts';
import { type ReadResult, readIntakeMessage } from '../../lib/intake/read.ts';
import { checkShape } from '../../lib/intake/shape.ts';
import { unwrap } from '../../lib/intake/unwrap.ts';

export interface BodyRead {
  readonly read: ReadResult;
  /** The message's fields, when their shape is sound. */
  readonly message?: IntakeMessage;
}

/**
 * Reads a body as the sender would, but for the stage's own rules (sender domains, buckets), which this machine does not
 * know: they are taken to allow whatever the message asks for. `sentAt`: milliseconds since the epoch, counted from by
 * `expiresInSeconds`.
 */
export function readBody(
  body: string,
  { messageId, sentAt = 0 }: { readonly messageId: string; readonly sentAt?: number },
): BodyRead {
  const unwrapped = unwrap(body);
  const shape = unwrapped.ok ? checkShape(unwrapped.value) : undefined;
  const message = shape?.ok === true ? shape.message : undefined;
  const rules = { allowedFromDomains: [], attachmentBuckets: message === undefined ? [] : bucketsOf(message) };
  const read = readIntakeMessage({ body, messageId, sentTimestamp: sentAt, attributes: {} }, rules);
  return { read, ...(message === undefined ? {} : { message }) };
}

function bucketsOf({ raw, attachments = [] }: IntakeMessage): readonly string[] {
  return [...attachments, ...(raw === undefined ? [] : [raw])].flatMap(({ s3 }) =>
    s3 === undefined ? [] : [s3.bucket],
  );
}

/** The message's recipients by normalised address; none when it cannot be read. */
export function recipientsOf(body: string): readonly string[] {
  const { read } = readBody(body, { messageId: 'unknown' });
  return read.ok ? read.mail.envelope.to : [];
}
