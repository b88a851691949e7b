import { describe, expect, it } from 'vitest';
import { readIntakeMessage } from '../../../lib/intake/read.ts';
import { identify } from '../../../local/commands/identity.ts';

const mail = { from: 'shop@example.com', to: ['ada@example.org'], subject: 'Hi', text: 'Hello' };
const inS3 = { filename: 'a.pdf', s3: { bucket: 'the-stage-allows-it', key: 'a.pdf' } };

describe('what the ledger will know a message by', () => {
  it.each([
    ['without a key of its own', mail],
    ['with one', { ...mail, idempotencyKey: 'own' }],
    ['with an attachment in S3', { ...mail, idempotencyKey: 'own', attachments: [inS3] }],
    ['that lies in S3', { raw: { s3: inS3.s3 }, envelope: { from: mail.from, to: mail.to } }],
  ])('is what the sender makes of a message %s', (_, message) => {
    const body = JSON.stringify(message);
    const rules = { allowedFromDomains: ['example.com'], attachmentBuckets: [inS3.s3.bucket] };
    const read = readIntakeMessage({ body, messageId: 'm', sentTimestamp: 0, attributes: {} }, rules);

    expect(read).toMatchObject({ ok: true, mail: identify(body, 'm') });
    expect(identify(body, 'm').payloadHash).toBeDefined();
  });

  it('is the key alone when nobody can read it', () => {
    expect(identify('{"idempotencyKey": "own", "subjekt": "x"}', 'm')).toEqual({ key: 'own' });
    expect(identify('no JSON', 'm')).toEqual({ key: 'm' });
  });
});
