import type { Message } from '@aws-sdk/client-sqs';
import { type Entry, readEntry } from '../../../ops/dlq/entry.ts';
import type { Filter } from '../../../ops/dlq/filter.ts';

export const failedAt = '2026-01-02T00:00:00.000Z';
export const sentAt = Date.parse('2026-01-01T00:00:00Z');

export const body = JSON.stringify({
  from: 'shop@example.com',
  to: ['ada@example.org', 'bob@example.net'],
  subject: 'Hi',
  text: 'Hello',
});

/** A message as SQS hands it out; attributes are given as plain text. */
export function messageOf(attributes: Readonly<Record<string, string>>, overrides: Partial<Message> = {}): Message {
  return {
    MessageId: 'sqs-id',
    ReceiptHandle: 'receipt',
    Body: body,
    Attributes: { SentTimestamp: String(sentAt) },
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
    ),
    ...overrides,
  };
}

const refused = {
  address: 'bob@example.net',
  relay: 'primary',
  code: 550,
  enhancedCode: '5.1.1',
  reply: 'no such user',
  phase: 'rcpt',
};

/** An entry for bob, refused by `primary`; undefined removes an attribute. */
export function entryOf(
  attributes: Readonly<Record<string, string | undefined>> = {},
  overrides: Partial<Message> = {},
): Entry {
  const all = {
    reason: 'rejected',
    detail: JSON.stringify({ recipients: [refused] }),
    idempotencyKey: 'key-1',
    deadLetterId: 'letter-1',
    attempts: '1',
    firstSeenAt: '2026-01-01T00:00:00.000Z',
    failedAt,
    sourceMessageId: 'source-id',
    ...attributes,
  };
  const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return readEntry(messageOf(Object.fromEntries(given), overrides));
}

export function filterOf(overrides: Partial<Filter> = {}): Filter {
  return { ids: [], reasons: [], keys: [], codes: [], relays: [], domains: [], ...overrides };
}
