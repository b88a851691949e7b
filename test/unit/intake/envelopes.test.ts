import { describe, expect, it } from 'vitest';
import { sqsText } from '../../../lib/dead-letter/detail.ts';
import { aMessage, read, readBody, readMail } from './intake-factory.ts';

const sns = (message: string, id = 'sns-1') => ({
  Type: 'Notification',
  MessageId: id,
  TopicArn: 'arn:aws:sns:eu-central-1:123456789012:orders',
  Subject: 'ignored',
  Message: message,
  Timestamp: '2026-11-23T10:00:00.000Z',
  SignatureVersion: '1',
  Signature: 'x',
  SigningCertURL: 'https://sns.example/cert.pem',
  UnsubscribeURL: 'https://sns.example/unsubscribe',
});

const eventBridge = (detail: unknown, id = 'event-1') => ({
  version: '0',
  id,
  'detail-type': 'Receipt',
  source: 'shop',
  account: '123456789012',
  time: '2026-11-23T10:00:00Z',
  region: 'eu-central-1',
  resources: [],
  detail,
});

const text = (value: unknown) => JSON.stringify(value);

describe('what AWS services wrap around a message', () => {
  it.each([
    ['nothing', aMessage(), 'sqs-1'],
    ['a JSON string', text(aMessage()), 'sqs-1'],
    ['an SNS notification', sns(text(aMessage())), 'sns-1'],
    ['an EventBridge event', eventBridge(aMessage()), 'event-1'],
    ['an EventBridge event with a JSON string', eventBridge(text(aMessage())), 'event-1'],
    ['SNS around EventBridge', sns(text(eventBridge(aMessage()))), 'event-1'],
    ['SNS around a JSON string', sns(text(text(aMessage()))), 'sns-1'],
    ['a JSON string around SNS', text(sns(text(aMessage()))), 'sns-1'],
  ])('reads a message in %s', (_, wrapped, key) => {
    const mail = readMail(wrapped);
    expect(mail.envelope.to).toEqual(['ada@example.org']);
    expect(mail.key).toBe(key);
  });

  it('says so when a notification holds no JSON', () => {
    expect(read(sns('hello'))).toMatchObject({ ok: false, reason: 'malformed', errors: [{ field: 'body' }] });
  });

  it('refuses a message that is wrapped without end', () => {
    const wrapped = Array.from({ length: 8 }).reduce<string>((inner) => text(sns(inner)), text(aMessage()));
    expect(readBody(wrapped)).toMatchObject({ ok: false, errors: [{ rule: expect.stringContaining('wrapped') }] });
  });
});

/** What no SQS attribute can carry: a dead letter would come back with another key. */
const notCarried = ['a\ufffe', '\uffffb', 'a\ud83d', '\udc8cb', 'a\udc8c\ud83db'];

describe('the idempotency key', () => {
  it('is that of a redriven entry before that of the message', () => {
    expect(readMail(aMessage({ idempotencyKey: 'own' }), { idempotencyKey: 'redriven' }).key).toBe('redriven');
  });

  it("is the message's own before any envelope's id", () => {
    expect(readMail(sns(text(aMessage({ idempotencyKey: 'own' })))).key).toBe('own');
  });

  it.each(['a\nb', ...notCarried])('ignores an attribute that is no key: %j', (idempotencyKey) => {
    expect(readMail(aMessage({ idempotencyKey: 'own' }), { idempotencyKey }).key).toBe('own');
  });

  it.each(notCarried)("ignores an envelope's id that is no key: %j", (id) => {
    expect(readMail(eventBridge(aMessage(), id)).key).toBe('sqs-1');
  });

  it.each(['', 'x'.repeat(257), 'a\u0000b', ...notCarried])('refuses %j', (idempotencyKey) => {
    expect(read(aMessage({ idempotencyKey }))).toMatchObject({
      ok: false,
      key: 'sqs-1',
      errors: [{ field: 'idempotencyKey' }],
    });
  });

  it.each(['\ud83d\udc8c', '\ufffd', '\u{1ffff}', '\u{10ffff}'])(
    'takes %j, and an SQS attribute carries it',
    (character) => {
      const idempotencyKey = `order-${character}`;
      expect(readMail(aMessage({ idempotencyKey })).key).toBe(idempotencyKey);
      expect(readMail(aMessage(), { idempotencyKey }).key).toBe(idempotencyKey);
      expect(sqsText(idempotencyKey)).toBe(idempotencyKey);
    },
  );

  it('is known for a malformed message too, as far as it can be', () => {
    expect(read(aMessage({ idempotencyKey: 'own', to: [] }))).toMatchObject({ ok: false, key: 'own' });
    expect(readBody('not json')).toMatchObject({ ok: false, key: 'sqs-1' });
    expect(readBody('not json', { idempotencyKey: 'redriven' })).toMatchObject({ ok: false, key: 'redriven' });
  });
});

describe('expiry', () => {
  it.each([
    [{}, undefined],
    [{ expiresAt: '2026-11-23T10:00:00Z' }, Date.UTC(2026, 10, 23, 10)],
    [{ expiresAt: '2026-11-23T10:00:00+02:00' }, Date.UTC(2026, 10, 23, 8)],
    [{ expiresInSeconds: 600 }, 601_000],
    [{ expiresInSeconds: 0.0015 }, 1001],
    [{ expiresAt: '2026-11-23T10:00:00.1239Z' }, Date.UTC(2026, 10, 23, 10, 0, 0, 123)],
    [{ expiresAt: '2001-01-01T00:00:00Z' }, Date.UTC(2001, 0, 1)],
  ])('of %j is %s', (fields, expiresAt) => {
    expect(readMail(aMessage(fields), { sentTimestamp: 1000 }).expiresAt).toBe(expiresAt);
  });
});
