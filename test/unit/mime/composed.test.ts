import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageId, postroomId } from '../../../lib/mime/identity.ts';
import { aMessage, type Fields } from '../intake/intake-factory.ts';
import { build, bytesOf, linesOf, parsed } from './build-factory.ts';

const picture = Buffer.from('89504e470d0a1a0a', 'hex');
const inline = { filename: 'logo.png', content: picture.toString('base64'), contentId: 'logo' };
const ok = (bytes: Buffer) => ({ ok: true, bytes }) as const;

describe('a composed message', () => {
  it('carries the fields as they were given', async () => {
    const mail = await parsed(
      aMessage({
        from: { name: 'Ärztehaus "Süd"', address: 'shop@example.com' },
        to: ['ada@example.org', { name: 'Bob, the "B"', address: '"bob b"@example.net' }],
        cc: ['eve@bücher.example'],
        replyTo: ['help@example.com', 'more@example.com'],
        subject: 'Grüße — 中文 🎉 "quoted"',
        text: 'Zeile eins\nline two\r\nthree',
        headers: { 'X-Campaign': 'Größe', 'List-Id': '"Shop, news" <news.example.com>' },
      }),
    );
    expect(mail.from?.value).toEqual([{ name: 'Ärztehaus "Süd"', address: 'shop@example.com' }]);
    expect([mail.to].flat()[0]?.value).toEqual([
      { name: '', address: 'ada@example.org' },
      { name: 'Bob, the "B"', address: '"bob b"@example.net' },
    ]);
    expect([mail.cc].flat()[0]?.text).toBe('eve@bücher.example');
    expect(mail.replyTo?.value.map(({ address }) => address)).toEqual(['help@example.com', 'more@example.com']);
    expect(mail.subject).toBe('Grüße — 中文 🎉 "quoted"');
    expect(mail.text?.trimEnd()).toBe('Zeile eins\nline two\nthree');
    expect(mail.headers.get('x-campaign')).toBe('=?UTF-8?Q?Gr=C3=B6=C3=9Fe?=');
  });

  it('is dated when the mail was first seen, and named after its key', async () => {
    const bytes = await bytesOf(aMessage());
    expect(bytes).toContain('Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n');
    expect(bytes).toContain(`Message-ID: ${messageId('order-1', 'example.com')}\r\n`);
    expect(bytes).toContain(`X-Postroom-Id: ${postroomId('order-1')}\r\n`);
    expect(bytes).not.toContain('order-1');
  });

  it('has the same bytes every time', async () => {
    const message = aMessage({ html: '<p>ä</p>', attachments: [inline, { filename: 'a.pdf', content: 'aGk=' }] });
    expect(await bytesOf(message)).toBe(await bytesOf(message));
  });

  it('has other boundaries when its content is another', async () => {
    const boundary = async (text: string) =>
      /boundary="?([^"\r]+)/.exec(await bytesOf(aMessage({ text, html: 'x' })))?.[1];
    expect(await boundary('one')).not.toBe(await boundary('two'));
  });

  it('never names blind copies', async () => {
    const bytes = await bytesOf(aMessage({ bcc: ['secret@example.org', 'Hidden <hidden@example.org>'] }));
    expect(bytes).not.toMatch(/bcc|secret|hidden/i);
  });

  it('leaves structured header fields alone', async () => {
    const value = '"Shop, news" <news.example.com>';
    expect(await bytesOf(aMessage({ headers: { 'List-Id': value } }))).toContain(`List-Id: ${value}\r\n`);
  });

  it('writes a field per value of a list', async () => {
    const bytes = await bytesOf(aMessage({ headers: { 'X-Tag': ['one', 'two'] } }));
    expect(bytes).toContain('X-Tag: one\r\nX-Tag: two\r\n');
  });
});

describe('the bodies', () => {
  const html = '<h1>Hi</h1><p>See <a href="https://example.com/a">the offer</a> &amp; more.</p>';

  it('are alternatives, the plain one first', async () => {
    const bytes = await bytesOf(aMessage({ text: 'plain', html }));
    expect(bytes).toMatch(/Content-Type: multipart\/alternative/);
    expect(bytes.indexOf('text/plain')).toBeLessThan(bytes.indexOf('text/html'));
    expect(await parsed(aMessage({ text: 'plain', html }))).toMatchObject({ text: 'plain', html });
  });

  it('get a plain alternative when there is only HTML', async () => {
    const mail = await parsed(aMessage({ text: undefined, html }));
    expect(mail.text).toBe('Hi\n\nSee the offer (https://example.com/a) & more.');
    expect(mail.html).toBe(html);
  });

  it('stay one part when the HTML has no text at all', async () => {
    const bytes = await bytesOf(aMessage({ text: undefined, html: '<img src="cid:logo">' }));
    expect(bytes).not.toContain('multipart');
    expect(bytes).toContain('text/html');
  });

  it('may be missing', async () => {
    expect((await parsed(aMessage({ text: undefined }))).text ?? '').toBe('');
  });
});

describe('attachments', () => {
  it('that are inline stand beside the HTML, the others around it', async () => {
    const message = aMessage({
      html: '<img src="cid:logo">',
      attachments: [inline, { filename: 'a.pdf', content: 'aGk=' }],
    });
    const types = [...(await bytesOf(message)).matchAll(/^Content-Type: ([\w/]+)/gm)].map(([, type]) => type);
    expect(types).toEqual([
      'multipart/mixed',
      'multipart/alternative',
      'text/plain',
      'multipart/related',
      'text/html',
      'image/png',
      'application/pdf',
    ]);
    const [logo, pdf] = (await parsed(message)).attachments;
    expect(logo).toMatchObject({ related: true, cid: 'logo', contentDisposition: 'inline', content: picture });
    expect(pdf?.related).toBeFalsy();
    expect(pdf).toMatchObject({ contentDisposition: 'attachment', filename: 'a.pdf' });
  });

  it.each(['Rechnung Größe.pdf', '中文.pdf', 'a "b" \\ c.pdf', `${'long '.repeat(40)}.pdf`])(
    'keep the name %s',
    async (filename) => {
      const mail = await parsed(aMessage({ attachments: [{ filename, content: 'aGk=' }] }));
      expect(mail.attachments[0]?.filename).toBe(filename);
    },
  );

  it('come back as they were, whatever their bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 5000 }), async (bytes) => {
        const content = Buffer.from(bytes);
        const mail = await parsed(
          aMessage({ attachments: [{ filename: 'a.bin', content: content.toString('base64') }] }),
        );
        expect(mail.attachments[0]?.content).toEqual(content);
      }),
      { numRuns: 30 },
    );
  });

  it('of megabytes from S3 come back as they were', async () => {
    const content = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => (index * 31) % 251));
    const message = aMessage({ attachments: [{ filename: 'a.bin', s3: { bucket: 'b', key: 'big' } }] });
    const mail = await parsed(message, { objects: { big: ok(content) } });
    expect(mail.attachments[0]?.content.equals(content)).toBe(true);
  });

  it('that are messages stay readable as such when SMTP can carry them', async () => {
    const eml = (text: string) =>
      aMessage({
        attachments: [
          { filename: 'm.eml', contentType: 'message/rfc822', content: Buffer.from(text).toString('base64') },
        ],
      });
    expect(await bytesOf(eml('Subject: x\n\nhello\n'))).toContain('Subject: x\r\n\r\nhello\r\n');
    const wide = `Subject: x\n\n${'ü'.repeat(2000)}`;
    expect(await bytesOf(eml(wide))).toContain('Content-Type: application/octet-stream; name=m.eml');
    expect((await parsed(eml(wide))).attachments[0]?.content.toString()).toBe(wide);
  });

  it.each([
    [{ ok: false, reason: 'unavailable', rule: 'names an object that does not exist' }, 'attachment-unavailable'],
    [{ ok: false, reason: 'too-large' }, 'malformed'],
    [{ ok: false, reason: 'retry', error: new Error('slow down') }, 'retry'],
  ] as const)('that cannot be had (%j) are no message: %s', async (object, reason) => {
    const message = aMessage({ attachments: [{ content: 'aGk=' }, { s3: { bucket: 'b', key: 'k' } }] });
    const built = await build(message, { objects: { k: object } });
    expect(built).toMatchObject({ ok: false, reason });
    if (reason !== 'retry') expect(built).toMatchObject({ detail: { field: 'attachments[1].s3' } });
  });

  it('make no message when reading them fails in a way nobody foresaw', async () => {
    const fetchObject = async () => {
      throw new Error('unforeseen');
    };
    expect(await build(aMessage({ attachments: [{ s3: { bucket: 'b', key: 'k' } }] }), { fetchObject })).toMatchObject({
      ok: false,
      reason: 'retry',
    });
  });
});

describe('the size limit', () => {
  it.each([
    ['a text', aMessage({ text: 'x'.repeat(20_000) }), 'body'],
    [
      'an attachment',
      aMessage({ attachments: [{ content: Buffer.alloc(9000).toString('base64') }] }),
      'attachments[0]',
    ],
    [
      'attachments together',
      aMessage({ attachments: [1, 2, 3].map(() => ({ content: Buffer.alloc(3000).toString('base64') })) }),
      'attachments[2]',
    ],
    [
      'a raw message',
      { raw: { content: Buffer.from(`From: a@b.c\r\nTo: d@e.f\r\n\r\n${'x\r\n'.repeat(5000)}`).toString('base64') } },
      'raw.content',
    ],
  ] as [string, Fields, string][])('refuses %s over it, with the numbers', async (_, message, field) => {
    const built = await build(message, { maxMessageBytes: 10_000 });
    expect(built).toMatchObject({
      ok: false,
      reason: 'malformed',
      detail: { field, rule: expect.stringMatching(/\d+.*10000/) },
    });
  });
});

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(' ', 'a', '"', '\\', ',', '=', '?', '<', 'ä', '中', '🎉'),
    fc.string({ unit: 'grapheme-ascii', maxLength: 1 }),
  ),
  maxLength: 300,
});
const headerText = text.map((value) => value.replace(/ {2,}/g, ' '));
const body = fc
  .array(fc.oneof(text, fc.constantFrom('\r', '\n', '\r\n', '.', '\0', 'x'.repeat(3000), 'ä'.repeat(1500))))
  .map((parts) => parts.join(''));

describe('whatever the fields hold', () => {
  it('lines end with CRLF, are short enough and ASCII, and no header comes in between', async () => {
    await fc.assert(
      fc.asyncProperty(headerText, headerText, headerText, body, body, async (subject, name, value, plain, html) => {
        const message = aMessage({
          from: { name, address: 'a@b.c' },
          subject,
          text: plain,
          html,
          headers: { 'X-Any': value },
        });
        const bytes = await bytesOf(message);
        expect(bytes.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
        expect(Math.max(...linesOf(bytes).map((line) => line.length))).toBeLessThanOrEqual(998);
        expect(bytes.endsWith('\r\n')).toBe(true);
        expect(Buffer.from(bytes, 'latin1').every((byte) => byte > 0 && byte < 0x80)).toBe(true);
        const names = linesOf(bytes.slice(0, bytes.indexOf('\r\n\r\n'))).map((line) => /^[\w-]+(?=:)/.exec(line)?.[0]);
        const known = [
          'X-Postroom-Id',
          'X-Any',
          'From',
          'To',
          'Subject',
          'Message-ID',
          'Date',
          'MIME-Version',
          'Content-Type',
          'Content-Transfer-Encoding',
          undefined,
        ];
        expect(names.filter((found) => !known.includes(found))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
