import { simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import { messageId, postroomId } from '../../../lib/mime/identity.ts';
import { aRawMessage, type Fields } from '../intake/intake-factory.ts';
import { build, bytesOf } from './build-factory.ts';

const stamp = `X-Postroom-Id: ${postroomId('order-1')}\r\n`;
const id = `Message-ID: ${messageId('order-1', 'example.com')}\r\n`;
const date = 'Date: Sun, 22 Nov 2026 09:00:00 +0000\r\n';
const head = `From: Shop <shop@example.com>\r\nTo: ada@example.org\r\nMessage-Id: <own@example.com>\r\n${date}`;

describe('a raw message', () => {
  it('stays byte for byte what it was, behind the stamp', async () => {
    const content = `${head}X-Odd:no blank\r\nSubject: folded\r\n\tover lines\r\n\r\n..dots\r\n\x80\xff\r\n`;
    const message = aRawMessage('', { raw: { content: Buffer.from(content, 'latin1').toString('base64') } });
    expect(await bytesOf(message)).toBe(`${stamp}${content}`);
  });

  it('gets a Message-ID when it has none', async () => {
    const content = `From: shop@Example.com\r\nTo: ada@example.org\r\n${date}\r\nhello\r\n`;
    expect(await bytesOf(aRawMessage(content))).toBe(`${stamp}${id}${content}`);
  });

  it('gets the date when the mail was first seen when it has none', async () => {
    const content = head.replace(date, '');
    expect(await bytesOf(aRawMessage(content))).toBe(`${stamp}Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n${content}`);
  });

  it.each([
    '"evil@evil.test" <shop@example.com>',
    'shop@example.com (once evil@evil.test)',
    'Shop: shop@example.com;',
    'shop@example.com <shop@example.com>, "two @ones"@Example.COM',
    '=?utf-8?q?Sh=C3=B6p?= <shop@xn--bcher-kva.example>',
    'Shöp <shop@bücher.example>',
    'shop@[192.0.2.1]',
  ])('may have the author %j', async (author) => {
    expect(await bytesOf(aRawMessage(head.replace('Shop <shop@example.com>', author)))).toContain('Message-Id: <own@');
  });

  it('loses its blind copies, folded ones too, and a stamp of somebody else', async () => {
    const extra =
      'Bcc: secret@example.org,\r\n hidden@example.org\r\nX-Postroom-ID: forged\r\nbcc: third@example.org\r\n';
    const bytes = await bytesOf(aRawMessage(`${extra}${head}Resent-Bcc: x@y.z\r\n\r\nBcc: this is text\r\n`));
    expect(bytes).toBe(`${stamp}${head}\r\nBcc: this is text\r\n`);
  });

  it.each([
    ['LF', `${head}\r\none\r\ntwo\r\n`.replaceAll('\r\n', '\n')],
    ['CR', `${head}\r\none\r\ntwo\r\n`.replaceAll('\r\n', '\r')],
    ['a mixture', `${head}\r\none\ntwo\r\n`],
    ['no last line end', `${head}\r\none\r\ntwo`],
  ])('gets CRLF where it has %s', async (_, content) => {
    expect(await bytesOf(aRawMessage(content))).toBe(`${stamp}${head}\r\none\r\ntwo\r\n`);
  });

  it('may consist of headers alone', async () => {
    expect(await bytesOf(aRawMessage(head))).toBe(`${stamp}${head}`);
  });

  it('may have lines of 998 bytes', async () => {
    expect(await bytesOf(aRawMessage(`${head}\r\n${'x'.repeat(998)}\r\n`))).toContain('x'.repeat(998));
  });

  it('is read by an independent parser as before', async () => {
    const mail = await simpleParser(await bytesOf(aRawMessage(`${head}Subject: =?utf-8?q?=C3=A4?=\r\n\r\nhello\r\n`)));
    expect(mail).toMatchObject({ subject: 'ä', text: 'hello\n', messageId: '<own@example.com>' });
  });
});

describe('a raw message from S3', () => {
  const message: Fields = {
    raw: { s3: { bucket: 'b', key: 'k' } },
    envelope: { from: 'bounces@example.com', to: ['ada@example.org'] },
  };
  const fromS3 = (content: string, allowedFromDomains: readonly string[] = []) =>
    build(message, { objects: { k: { ok: true, bytes: Buffer.from(content) } }, allowedFromDomains });

  it.each([
    'Shop <shop@example.com> evil@evil.test',
    'shop@example.com evil@evil.test',
    'shop@example.com\r\n evil@evil.test',
    'shop@example.com (c) evil@evil.test',
    'evil@evil.test: shop@example.com;',
    'evil@evil.test <shop@example.com>',
    'Shop @evil.test <shop@example.com>',
  ])('is refused when its author is hidden from the check of sender domains: %j', async (author) => {
    const rule = 'must not name a domain in its From header beside those of its addresses';
    const built = await fromS3(head.replace('Shop <shop@example.com>', author), ['example.com']);
    expect(built).toMatchObject({ ok: false, reason: 'malformed', detail: { rule } });
  });

  it('is sent like any other', async () => {
    const built = await fromS3(`${head}\r\nhello\r\n`, ['example.com']);
    expect(built.ok && built.message.toString()).toBe(`${stamp}${head}\r\nhello\r\n`);
  });

  it('is held to the sender domains, which intake could not see', async () => {
    const built = await fromS3('From: a@evil.example\r\n\r\nhello\r\n', ['example.com']);
    expect(built).toMatchObject({ ok: false, reason: 'not-allowed', detail: { field: 'raw.s3' } });
  });

  it('is malformed when it is no message', async () => {
    expect(await fromS3('PK\u0003\u0004')).toMatchObject({
      ok: false,
      reason: 'malformed',
      detail: { field: 'raw.s3' },
    });
  });
});
