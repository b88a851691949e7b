import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aMessage, aRawMessage, type Fields, readMail } from './intake-factory.ts';

const hashOf = (message: Fields) => readMail(message, { rules: { attachmentBuckets: ['b'] } }).payloadHash;

const full = aMessage({
  to: ['ada@example.org', { name: 'Bob', address: 'bob@example.net' }],
  cc: ['eve@example.org'],
  replyTo: ['help@example.com'],
  html: '<p>Thanks.</p>',
  headers: { 'X-B': '2', 'X-A': ['1', '0'] },
  attachments: [{ filename: 'a.txt', contentType: 'text/plain', content: 'aGk=' }, { s3: { bucket: 'b', key: 'k' } }],
  envelope: { from: 'bounces@example.com' },
});

/** The same JSON with the keys of every object in another order. */
function shuffled(value: unknown, order: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, order));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [order(), key, shuffled(inner, order)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => a - b).map(([, key, inner]) => [key, inner]));
}

describe('the payload hash', () => {
  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
        const message = shuffled(full, () => numbers.next().value ?? 0);
        expect(hashOf(message as Fields)).toBe(hashOf(full));
      }),
    );
  });

  it.each([
    ['a version', { version: 1 }],
    ['an idempotency key', { idempotencyKey: 'k' }],
    ['an expiry', { expiresInSeconds: 60 }],
    ['a policy', { onUncertain: 'hold' }],
    ['tags', { tags: { a: 'b' } }],
    ['empty lists', { bcc: [] }],
    ['the default envelope', { envelope: { from: 'bounces@example.com', to: undefined } }],
    ['another case of a domain', { cc: ['eve@EXAMPLE.org'] }],
    ['brackets around an address', { cc: ['<eve@example.org>'] }],
    ['an empty name', { cc: [{ name: '', address: 'eve@example.org' }] }],
    ['another case of header names', { headers: { 'x-a': ['1', '0'], 'x-b': '2' } }],
    ['a list for a single header', { headers: { 'X-A': ['1', '0'], 'X-B': ['2'] } }],
  ])('is the same with %s', (_, fields) => {
    expect(hashOf({ ...full, ...fields })).toBe(hashOf(full));
  });

  it('does not see line breaks in base64, nor a default that is spelled out', () => {
    const one = aMessage({ attachments: [{ content: 'aGVsbG8=' }] });
    expect(hashOf(aMessage({ attachments: [{ content: 'aGVs\r\nbG8=', disposition: 'attachment' }] }))).toBe(
      hashOf(one),
    );
  });

  it.each([
    ['sender', { from: 'other@example.com' }],
    ['name of the sender', { from: 'Other <shop@example.com>' }],
    ['recipient', { to: ['ada@example.org'] }],
    ['blind copy', { bcc: ['x@example.org'] }],
    ['reply address', { replyTo: [] }],
    ['subject', { subject: 'Other' }],
    ['text', { text: 'Other' }],
    ['html', { html: '<p>Other</p>' }],
    ['header', { headers: { 'X-B': '2', 'X-A': ['0', '1'] } }],
    ['attachment', { attachments: [] }],
    ['envelope sender', { envelope: { from: '' } }],
  ])('differs with another %s', (_, fields) => {
    expect(hashOf({ ...full, ...fields })).not.toBe(hashOf(full));
  });

  it('of a raw message is that of its bytes and envelope', () => {
    const raw = 'From: a@example.com\r\nTo: b@example.org\r\n\r\nHello\r\n';
    expect(hashOf(aRawMessage(raw, { tags: { a: 'b' } }))).toBe(hashOf(aRawMessage(raw)));
    expect(hashOf(aRawMessage(raw, { to: ['c@example.org'] }))).not.toBe(hashOf(aRawMessage(raw)));
    expect(hashOf(aRawMessage(`${raw}!\r\n`))).not.toBe(hashOf(aRawMessage(raw)));
  });
});
