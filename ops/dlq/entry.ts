import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import * as v from 'valibot';
import type { DeadLetterDetail } from '../../lib/contracts/dead-letter.ts';
import { isKey } from '../../lib/intake/unwrap.ts';
import { readBody } from './read-body.ts';

/** Stands for the reason where SQS moved a message by itself, after too many receives. */
export const movedBySqs = 'moved-by-sqs';

/** A dead-letter entry as it lies in its queue, with what can be made out about it. */
export interface Entry {
  /** deadLetterId, or the SQS message id where there is none: what `show` and the other commands are given. */
  readonly id: string;
  /** SQS message id in the dead-letter queue. */
  readonly messageId: string;
  readonly body: string;
  /** As SQS holds them. */
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  /** The contract's open list, or {@link movedBySqs}. */
  readonly reason: string;
  /** Of an entry that SQS moved: what an earlier failure left, if it had been dead-lettered and redriven before. */
  readonly detail: DeadLetterDetail;
  /** The idempotency key under which the ledger knows the mail. */
  readonly key: string;
  readonly deadLetterId?: string;
  /** Charged attempts, as text. */
  readonly attempts?: string;
  readonly sourceMessageId?: string;
  readonly firstSeenAt?: number;
  /** When it failed; when it was enqueued, of an entry that SQS moved. Milliseconds since the epoch. */
  readonly since: number;
}

const optionalText = v.exactOptional(v.string());
const detailSchema = v.looseObject({
  recipients: v.exactOptional(
    v.array(
      v.looseObject({
        address: v.string(),
        relay: optionalText,
        code: v.exactOptional(v.number()),
        enhancedCode: optionalText,
        reply: optionalText,
        phase: optionalText,
      }),
    ),
  ),
  errors: v.exactOptional(v.array(v.looseObject({ field: v.string(), rule: v.string() }))),
  message: optionalText,
  truncated: v.exactOptional(v.number()),
});

/** Never throws: an entry that nobody can read must still be listed, exported and redriven. */
export function readEntry(message: Message): Entry {
  const { MessageId: messageId = '', Body: body = '', MessageAttributes: attributes = {}, Attributes = {} } = message;
  const text = (name: string): string | undefined => attributes[name]?.StringValue;
  const [reason, deadLetterId, attempts, sourceMessageId] = [
    text('reason'),
    text('deadLetterId'),
    text('attempts'),
    text('sourceMessageId'),
  ];
  // SQS names the source on what its redrive policy moved; attributes of such a message tell of an earlier failure.
  const moved = reason === undefined || Attributes.DeadLetterQueueSourceArn !== undefined;
  const sentAt = Number(Attributes.SentTimestamp ?? 0);
  const firstSeenAt = time(text('firstSeenAt'));
  return {
    id: deadLetterId ?? messageId,
    messageId,
    body,
    attributes,
    reason: moved ? movedBySqs : reason,
    detail: readDetail(text('detail')),
    key: effectiveKey(body, text('idempotencyKey'), moved ? messageId : (sourceMessageId ?? messageId)),
    ...(deadLetterId === undefined ? {} : { deadLetterId }),
    ...(attempts === undefined ? {} : { attempts }),
    ...(sourceMessageId === undefined ? {} : { sourceMessageId }),
    ...(firstSeenAt === undefined ? {} : { firstSeenAt }),
    since: (moved ? undefined : time(text('failedAt'))) ?? sentAt,
  };
}

/**
 * The key that the sender used when it received the message. A move by SQS's redrive policy keeps the message id
 * (SQS developer guide, "Dead-letter queues"), so that the id still names the mail in the ledger; a redrive gives a new one.
 */
function effectiveKey(body: string, attribute: string | undefined, messageId: string): string {
  if (isKey(attribute)) return attribute;
  const { read } = readBody(body, { messageId });
  return read.ok ? read.mail.key : read.key;
}

function readDetail(text: string | undefined): DeadLetterDetail {
  if (text === undefined) return {};
  try {
    const parsed = v.safeParse(detailSchema, JSON.parse(text));
    return parsed.success ? parsed.output : { message: text };
  } catch {
    return { message: text };
  }
}

function time(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? undefined : at;
}
