import { createHash } from 'node:crypto';
import type { DeadLetterReason, FailedRecipient, FieldError } from '../contracts/dead-letter.ts';
import type { DeadLetterEntry, ReceivedMessage } from '../delivery/ports.ts';
import type { DeadLetterRecord, LedgerItem, RecipientRecord } from '../ledger/item.ts';
import { renderDetail, sqsText } from './detail.ts';

/** The entry that the ledger says is owed to the dead-letter queue. The same each time it is made. */
export function ledgerEntry(
  item: LedgerItem,
  deadLetterId: string,
  record: DeadLetterRecord,
  received: ReceivedMessage,
): DeadLetterEntry {
  const recipients = Object.entries(item.recipients)
    .filter(([, recipient]) => recipient.status === 'failed' && recipient.deadLetterId === deadLetterId)
    .map(([address, recipient]) => failedRecipient(address, recipient));
  const { message, reason, failedAt } = record;
  return {
    body: received.body,
    attributes: {
      reason,
      detail: renderDetail({ recipients, ...(message === undefined ? {} : { message }) }),
      idempotencyKey: sqsText(item.key),
      deadLetterId,
      attempts: String(item.attempts),
      firstSeenAt: new Date(item.firstSeenAt).toISOString(),
      failedAt: new Date(failedAt).toISOString(),
      sourceMessageId: received.messageId,
    },
  };
}

/**
 * The entry of a message that never got as far as the ledger: it cannot be read, may not be sent, or claims a key that
 * another mail has. Its id is that of the entry that was redriven, because the ledger may still hold its recipients under
 * it; otherwise it is derived, so that a repeat after a crash carries the same one.
 */
export function directEntry(
  received: ReceivedMessage,
  failure: {
    readonly reason: DeadLetterReason;
    readonly key?: string;
    readonly errors?: readonly FieldError[];
    readonly message?: string;
  },
  now: number,
): DeadLetterEntry {
  const { reason, key, errors, message } = failure;
  return {
    body: received.body,
    attributes: {
      reason,
      detail: renderDetail({
        ...(errors === undefined ? {} : { errors }),
        ...(message === undefined ? {} : { message }),
      }),
      ...(key === undefined || key === '' ? {} : { idempotencyKey: sqsText(key) }),
      deadLetterId: received.deadLetterId ?? derivedId(reason, received.messageId),
      attempts: '0',
      firstSeenAt: new Date(received.sentAt).toISOString(),
      failedAt: new Date(now).toISOString(),
      sourceMessageId: received.messageId,
    },
  };
}

function derivedId(reason: DeadLetterReason, messageId: string): string {
  return createHash('sha256').update(`${reason}\n${messageId}`).digest('hex').slice(0, 32);
}

function failedRecipient(address: string, record: RecipientRecord): FailedRecipient {
  const { relay, code, enhancedCode, text, phase } = record;
  return {
    address,
    ...(relay === undefined ? {} : { relay }),
    ...(code === undefined ? {} : { code }),
    ...(enhancedCode === undefined ? {} : { enhancedCode }),
    ...(text === undefined ? {} : { reply: text }),
    ...(phase === undefined ? {} : { phase }),
  };
}
