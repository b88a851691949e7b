import type { DeadLetterDetail, FailedRecipient, FieldError } from '../contracts/dead-letter.ts';

/** The contract's bound on `detail`, in bytes of UTF-8. */
const maxDetailBytes = 16 * 1024;
const maxReplyLength = 512;

/**
 * `detail` as JSON within 16 KiB. What does not fit is left out from the end of the lists, and `truncated` says how many
 * entries are missing; a text that was cut ends in an ellipsis.
 */
export function renderDetail(detail: DeadLetterDetail, limit: number = maxDetailBytes): string {
  const recipients = (detail.recipients ?? []).map(shortened);
  const errors = detail.errors ?? [];
  const total = recipients.length + errors.length;
  let kept = total;
  for (;;) {
    const text = render(detail, recipients, errors, kept, total - kept);
    const bytes = Buffer.byteLength(text);
    if (bytes <= limit || kept === 0) return text;
    // Proportional steps: a hundred recipients must not cost a hundred renderings.
    kept = Math.min(kept - 1, Math.floor((kept * limit) / bytes));
  }
}

function render(
  { message }: DeadLetterDetail,
  recipients: readonly FailedRecipient[],
  errors: readonly FieldError[],
  kept: number,
  truncated: number,
): string {
  const keptErrors = errors.slice(0, kept);
  const keptRecipients = recipients.slice(0, kept - keptErrors.length);
  const detail: DeadLetterDetail = {
    ...(message === undefined ? {} : { message: cut(message) }),
    ...(keptRecipients.length === 0 ? {} : { recipients: keptRecipients }),
    ...(keptErrors.length === 0 ? {} : { errors: keptErrors }),
    ...(truncated === 0 ? {} : { truncated }),
  };
  return sqsText(JSON.stringify(detail));
}

function shortened(recipient: FailedRecipient): FailedRecipient {
  const { reply } = recipient;
  return reply === undefined ? recipient : { ...recipient, reply: cut(reply) };
}

function cut(text: string): string {
  return text.length <= maxReplyLength ? text : `${text.slice(0, maxReplyLength - 1)}…`;
}

/**
 * SQS takes only #x9 | #xA | #xD | #x20–#xD7FF | #xE000–#xFFFD | #x10000–#x10FFFF and refuses the whole message otherwise
 * (API reference, SendMessage).
 */
export function sqsText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\ufffe\uffff]/gu, (character) => ('\t\n\r'.includes(character) ? character : '\ufffd'));
}
