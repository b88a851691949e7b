import { describe, expect, it } from 'vitest';
import { movedBySqs, readEntry } from '../../../ops/dlq/entry.ts';
import { identityOf } from '../../../ops/dlq/redrive.ts';
import { describeDetail, printable } from '../../../ops/dlq/words.ts';
import { body, entryOf, failedAt, messageOf, sentAt } from './factories.ts';

describe('an entry that the sender wrote', () => {
  it('is known by its dead-letter id, and by the key and time that stand in its attributes', () => {
    expect(entryOf()).toMatchObject({
      id: 'letter-1',
      messageId: 'sqs-id',
      reason: 'rejected',
      key: 'key-1',
      deadLetterId: 'letter-1',
      since: Date.parse(failedAt),
    });
  });

  it('that lost its key attribute has the key of the message that carried the mail', () => {
    expect(entryOf({ idempotencyKey: undefined }).key).toBe('source-id');
  });
});

describe('an entry that SQS moved by itself', () => {
  const bare = (content: string) => readEntry(messageOf({}, { Body: content }));

  it('is known by its SQS message id and the time it was enqueued', () => {
    expect(bare(body)).toMatchObject({ id: 'sqs-id', reason: movedBySqs, key: 'sqs-id', since: sentAt });
  });

  it('is recognised by its source, also with the attributes of an earlier failure', () => {
    const Attributes = { SentTimestamp: String(sentAt), DeadLetterQueueSourceArn: 'arn:aws:sqs:eu-west-1:1:intake' };
    const entry = entryOf({}, { Attributes });
    expect(entry).toMatchObject({ reason: movedBySqs, key: 'key-1', deadLetterId: 'letter-1', since: sentAt });
  });

  it.each([
    ['the publisher’s own key', { ...JSON.parse(body), idempotencyKey: 'own' }, 'own'],
    ['EventBridge’s id', { id: 'event-1', 'detail-type': 'Mail', detail: JSON.parse(body) }, 'event-1'],
    ['the notification’s id', { Type: 'Notification', MessageId: 'sns-1', Message: body }, 'sns-1'],
    ['the key of a message that breaks the contract', { idempotencyKey: 'own', unknown: 1 }, 'own'],
    ['the SQS message id', { unknown: 1 }, 'sqs-id'],
  ])('gets back %s', (_, content, key) => {
    expect(identityOf(bare(JSON.stringify(content)))).toEqual({
      idempotencyKey: { DataType: 'String', StringValue: key },
    });
  });

  it('has the same key when its attachments lie in S3', () => {
    const attachments = [{ filename: 'a.pdf', s3: { bucket: 'b', key: 'k' } }];
    expect(bare(JSON.stringify({ ...JSON.parse(body), idempotencyKey: 'own', attachments })).key).toBe('own');
  });
});

describe('the detail of an entry', () => {
  it('is told in sentences', () => {
    const detail = {
      message: 'Why',
      errors: [{ field: 'subjekt', rule: 'is not known' }],
      recipients: [
        { address: 'a@x', relay: 'r', phase: 'rcpt', code: 550, enhancedCode: '5.1.1', reply: 'No' },
        { address: 'b@x', relay: 'r', phase: 'data' },
        { address: 'c@x' },
      ],
      truncated: 3,
    } as const;

    expect(describeDetail({ detail })).toEqual([
      'Why',
      'subjekt: is not known',
      'a@x: 550 5.1.1 No (r, rcpt)',
      'b@x: no reply (r, data)',
      'c@x',
      'and 3 more',
    ]);
  });
});

describe('what cannot be read', () => {
  it.each([['not JSON'], ['{"recipients": "everybody"}'], ['[]'], ['null']])('detail %s is kept as text', (detail) => {
    expect(describeDetail(entryOf({ detail }))).toEqual(detail === '[]' ? [] : [detail]);
  });

  it('a body that is no JSON is kept as it is', () => {
    expect(readEntry(messageOf({}, { Body: 'x{' }))).toMatchObject({ body: 'x{', key: 'sqs-id' });
  });

  it('a message with nothing at all is still an entry', () => {
    expect(readEntry({ MessageId: 'sqs-id' })).toMatchObject({ id: 'sqs-id', body: '', reason: movedBySqs });
  });

  it('control characters of relays and publishers do not reach the terminal', () => {
    expect(printable('a\u001b[2Jb\u009bc\u202ed\n')).toBe('a\ufffd[2Jb\ufffdc\ufffdd\n');
  });
});
