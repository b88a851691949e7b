import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { intakeMessageSchema, schemaFile } from '../../../docs/generate-schema.ts';
import { read } from '../intake/intake-factory.ts';

/** The example of the contract, with everything in it. */
const example = {
  version: 1,
  idempotencyKey: 'order-1234/receipt',
  from: 'Example Shop <shop@example.com>',
  to: ['ada@example.org', { name: 'Bob', address: 'bob@example.net' }],
  cc: [],
  bcc: [],
  replyTo: [],
  subject: 'Your receipt',
  text: '…',
  html: '…',
  headers: { 'List-Unsubscribe': '<mailto:u@example.com>', 'X-Two': ['a', 'b'] },
  attachments: [
    { filename: 'receipt.pdf', contentType: 'application/pdf', content: 'aGk=' },
    { filename: 'logo.png', s3: { bucket: 'b', key: 'k', versionId: 'v' }, contentId: 'logo', disposition: 'inline' },
  ],
  envelope: { from: 'bounces@example.com', to: ['ada@example.org'] },
  expiresAt: '2026-11-23T10:00:00Z',
  onUncertain: 'resend',
  tags: { campaign: 'november' },
};

const schema: Record<string, unknown> = JSON.parse(intakeMessageSchema());
const accepts = new Ajv2020({ formats: { 'date-time': true } }).compile(schema);

describe('the JSON Schema for publishers', () => {
  it('is committed as the contract generates it (else run: node docs/generate-schema.ts)', () => {
    expect(readFileSync(schemaFile, 'utf8')).toBe(intakeMessageSchema());
  });

  it.each([
    ['the whole example', example],
    ['a raw message', { raw: { content: 'RnJvbTogYUBiLmMKVG86IGRAZS5mCgpo' }, envelope: { from: '', to: ['d@e.f'] } }],
    ['emoji', { ...example, subject: 'For you \u{1f48c}', idempotencyKey: 'order-\u{1f48c}' }],
    ['as little as possible', { from: 'a@b.c', to: ['d@e.f'] }],
  ])('accepts what the sender accepts: %s', (_, message) => {
    expect(accepts(message), JSON.stringify(accepts.errors)).toBe(true);
    expect(read(message, { rules: { attachmentBuckets: ['b'] } })).toMatchObject({ ok: true });
  });

  it.each([
    ['an unknown field', { ...example, subjekt: 'x' }],
    ['another version', { ...example, version: 2 }],
    ['a line end in the subject', { ...example, subject: 'a\r\nb' }],
    ['a key that SQS cannot carry', { ...example, idempotencyKey: 'order-\uffff' }],
    ['101 recipients', { ...example, to: Array.from({ length: 101 }, (_, index) => `a${index}@b.c`) }],
    ['a recipient without address', { ...example, to: [{ name: 'Ada' }] }],
    ['an attachment with a path', { ...example, attachments: [{ path: '/etc/passwd' }] }],
    ['an attachment from two places', { ...example, attachments: [{ content: '', s3: { bucket: 'b', key: 'k' } }] }],
    ['a header name with a blank', { ...example, headers: { 'X A': 'b' } }],
    ['two expiries', { ...example, expiresInSeconds: 5 }],
    ['neither from nor raw', { to: ['d@e.f'] }],
  ])('refuses what the sender refuses: %s', (_, message) => {
    expect(accepts(message)).toBe(false);
    expect(read(message, { rules: { attachmentBuckets: ['b'] } })).toMatchObject({ ok: false, reason: 'malformed' });
  });
});
