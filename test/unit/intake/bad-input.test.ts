import { describe, expect, it } from 'vitest';
import { maxIntakeBytes } from '../../../lib/contracts/intake-message.ts';
import { aMessage, aRawMessage, type Fields, read, readBody } from './intake-factory.ts';

const recipients = (count: number, prefix = 'to') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}@example.org`);

/** Field by field: what is wrong, the message, and the field that must be named. */
const malformed: readonly (readonly [string, Fields, string])[] = [
  ['an unknown field', aMessage({ subjekt: 'x' }), 'subjekt'],
  ['an unknown field of an address', aMessage({ to: [{ adress: 'a@b.c' }] }), 'to[0].adress'],
  ['another version', aMessage({ version: 2 }), 'version'],
  ['no sender', aMessage({ from: undefined }), 'from'],
  ['no recipients', aMessage({ to: undefined }), 'to'],
  ['an empty list of recipients', aMessage({ to: [] }), 'to'],
  ['no recipients in the envelope', aMessage({ envelope: { to: [] } }), 'envelope.to'],
  ['101 recipients', aMessage({ to: recipients(101) }), 'to'],
  [
    '101 recipients over to, cc and bcc',
    aMessage({ to: recipients(50), cc: recipients(50, 'cc'), bcc: ['b@c.de'] }),
    'to',
  ],
  ['101 recipients in the envelope', aMessage({ envelope: { to: recipients(101) } }), 'envelope.to'],
  ['a list of a million entries', aMessage({ to: Array.from({ length: 100_000 }).fill(0) }), 'to'],
  ['recipients that are no list', aMessage({ to: 'ada@example.org' }), 'to'],
  ['an address without domain', aMessage({ to: ['ada@example.org', 'ada'] }), 'to[1]'],
  ['an address object without domain', aMessage({ cc: [{ address: 'ada' }] }), 'cc[0].address'],
  ['two addresses in one', aMessage({ to: ['ada@example.org, bob@example.org'] }), 'to[0]'],
  ['a group', aMessage({ to: ['friends: ada@example.org;'] }), 'to[0]'],
  ['a name in the envelope', aMessage({ envelope: { to: ['Ada <ada@example.org>'] } }), 'envelope.to[0]'],
  ['a number for a text', aMessage({ text: 5 }), 'text'],
  ['null for a list', aMessage({ cc: null }), 'cc'],
  ['a list for an object', aMessage({ headers: ['X-A: b'] }), 'headers'],
  ['Bcc among the headers', aMessage({ headers: { Bcc: 'eve@example.org' } }), 'headers.Bcc'],
  ['Content-Type among the headers', aMessage({ headers: { 'Content-Type': 'text/html' } }), 'headers.Content-Type'],
  ['Message-ID among the headers', aMessage({ headers: { 'message-id': '<a@b.c>' } }), 'headers.message-id'],
  ['a header name with a colon', aMessage({ headers: { 'X-A: b': 'c' } }), 'headers.X-A: b'],
  ['a header name with a line end', aMessage({ headers: { 'X-A\r\nBcc': 'c' } }), 'headers.X-A��Bcc'],
  ['a header value that cannot be folded', aMessage({ headers: { 'X-A': 'a'.repeat(901) } }), 'headers.X-A'],
  ['a header value of blanks', aMessage({ headers: { 'X-A': `a${' '.repeat(100)}b` } }), 'headers.X-A'],
  [
    'an attachment with a path',
    aMessage({ attachments: [{ filename: 'p', path: '/etc/passwd' }] }),
    'attachments[0].path',
  ],
  [
    'an attachment with a URL',
    aMessage({ attachments: [{ href: 'https://e.com', content: 'eA==' }] }),
    'attachments[0].href',
  ],
  ['an attachment without content', aMessage({ attachments: [{ filename: 'p' }] }), 'attachments[0]'],
  [
    'a multipart attachment',
    aMessage({ attachments: [{ contentType: 'multipart/mixed', content: '' }] }),
    'attachments[0].contentType',
  ],
  ['invalid base64', aMessage({ attachments: [{ content: 'a*==' }] }), 'attachments[0].content'],
  ['base64 without padding', aMessage({ attachments: [{ content: 'eA' }] }), 'attachments[0].content'],
  ['invalid base64 in raw', { raw: { content: '!' } }, 'raw.content'],
  ['raw without headers', aRawMessage('hello\r\n'), 'raw.content'],
  ['raw with a body only', aRawMessage('\r\nhello\r\n', { from: 'a@b.c', to: ['d@e.f'] }), 'raw.content'],
  ['raw without From', aRawMessage('To: a@b.c\r\n\r\nhello\r\n'), 'raw.content'],
  ['raw with two From headers', aRawMessage('From: a@b.c\r\nFrom: d@e.f\r\n\r\n', { to: ['x@y.z'] }), 'raw.content'],
  ['raw with NUL', aRawMessage('From: a@b.c\r\nTo: x@y.z\r\n\r\n\0'), 'raw.content'],
  ['raw with a line over 998 bytes', aRawMessage(`From: a@b.c\r\nTo: x@y.z\r\n\r\n${'x'.repeat(999)}`), 'raw.content'],
  ['raw without a recipient', aRawMessage('From: a@b.c\r\n\r\nhello\r\n'), 'to'],
  ['raw next to a text', aRawMessage('From: a@b.c\r\nTo: x@y.z\r\n\r\n', { text: 'x' }), 'text'],
  ['raw next to replyTo', aRawMessage('From: a@b.c\r\nTo: x@y.z\r\n\r\n', { replyTo: ['x@y.z'] }), 'replyTo'],
  ['a lone surrogate in the subject', aMessage({ subject: '\ud800' }), 'subject'],
  ['a lone surrogate in the text', aMessage({ text: 'a\udfffb' }), 'text'],
  ['a lone surrogate in a name', aMessage({ from: { name: '\ud83d', address: 'a@b.c' } }), 'from.name'],
  ['a time without zone', aMessage({ expiresAt: '2026-11-23T10:00:00' }), 'expiresAt'],
  ['a time that is none', aMessage({ expiresAt: '2026-13-23T10:00:00Z' }), 'expiresAt'],
  ['a day that is none', aMessage({ expiresAt: '2026-02-30T10:00:00Z' }), 'expiresAt'],
  ['two expiries', aMessage({ expiresAt: '2026-11-23T10:00:00Z', expiresInSeconds: 5 }), 'expiresInSeconds'],
  ['a policy that is none', aMessage({ onUncertain: 'retry' }), 'onUncertain'],
  ['eleven tags', aMessage({ tags: Object.fromEntries(recipients(11).map((tag) => [tag, 'x'])) }), 'tags'],
];

describe('malformed messages', () => {
  it.each(malformed)('refuses %s, and names the field', (_, message, field) => {
    const result = read(message);
    expect(result).toMatchObject({ ok: false, reason: 'malformed' });
    const fields = result.ok ? [] : result.errors.map((error) => error.field);
    expect(fields).toContain(field);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"from":'],
    ['a number', '5'],
    ['null', 'null'],
    ['a list', '[]'],
    ['JSON nested 200,000 deep', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['a field nested 100,000 deep', `{"text":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`],
    ['a body over 960 KiB', JSON.stringify(aMessage({ text: 'x'.repeat(maxIntakeBytes) }))],
    ['a body over 960 KiB in bytes only', JSON.stringify(aMessage({ text: 'ä'.repeat(maxIntakeBytes / 2) }))],
  ])('refuses a body of %s', (_, body) => {
    expect(readBody(body)).toMatchObject({ ok: false, reason: 'malformed' });
  });

  it('takes a body of exactly 960 KiB', () => {
    const frame = JSON.stringify(aMessage({ text: '' })).length;
    expect(read(aMessage({ text: 'x'.repeat(maxIntakeBytes - frame) })).ok).toBe(true);
  });

  it('names every wrong field at once', () => {
    const result = read(aMessage({ to: ['ada', 'bob'], replyTo: ['eve'] }));
    expect(result.ok ? [] : result.errors.map(({ field }) => field)).toEqual(['to[0]', 'to[1]', 'replyTo[0]']);
  });

  it('repeats nothing that the message says', () => {
    const result = read(aMessage({ to: ['secret'], text: 7 }));
    expect(JSON.stringify(result)).not.toContain('secret');
  });
});

describe('header injection', () => {
  const places: readonly (readonly [string, (text: string) => Fields])[] = [
    ['from', (text) => aMessage({ from: `Shop${text} <shop@example.com>` })],
    ['from.name', (text) => aMessage({ from: { name: `Shop${text}`, address: 'shop@example.com' } })],
    ['from.address', (text) => aMessage({ from: { address: `shop@example.com${text}` } })],
    ['to[0]', (text) => aMessage({ to: [`ada@example.org${text}Bcc: eve@example.org`] })],
    ['replyTo[0]', (text) => aMessage({ replyTo: [`"ada${text}"@example.org`] })],
    ['subject', (text) => aMessage({ subject: `Hi${text}Bcc: eve@example.org` })],
    ['headers.X-A', (text) => aMessage({ headers: { 'X-A': `b${text}Bcc: eve@example.org` } })],
    ['headers.X-A[1]', (text) => aMessage({ headers: { 'X-A': ['b', text] } })],
    ['attachments[0].filename', (text) => aMessage({ attachments: [{ filename: `a${text}`, content: '' }] })],
    ['attachments[0].contentType', (text) => aMessage({ attachments: [{ contentType: `a/b${text}`, content: '' }] })],
    ['attachments[0].contentId', (text) => aMessage({ attachments: [{ contentId: `a${text}`, content: '' }] })],
    ['envelope.from', (text) => aMessage({ envelope: { from: `a@b.c${text}` } })],
    ['envelope.to[0]', (text) => aMessage({ envelope: { to: [`a@b.c${text}`] } })],
    ['idempotencyKey', (text) => aMessage({ idempotencyKey: `a${text}` })],
    ['tags.a', (text) => aMessage({ tags: { a: text } })],
  ];
  const breaks = ['\r\n', '\n', '\r', '\0', '\u0085', '\u2028', '\u2029', '\v', '\f', '\u001b'];

  it.each(places)('is refused in %s', (field, message) => {
    for (const text of breaks) {
      const result = read(message(text));
      expect(result.ok ? JSON.stringify(text) : result.errors.map((error) => error.field)).toContain(field);
    }
  });
});

describe('names that would pollute a prototype', () => {
  it.each([
    ['{"__proto__":{"polluted":1},"from":"a@b.c","to":["a@b.c"]}', '__proto__'],
    ['{"constructor":{"prototype":{"polluted":1}},"from":"a@b.c","to":["a@b.c"]}', 'constructor'],
    ['{"headers":{"__proto__":"x"},"from":"a@b.c","to":["a@b.c"]}', 'headers.__proto__'],
    ['{"tags":{"constructor":"x"},"from":"a@b.c","to":["a@b.c"]}', 'tags.constructor'],
    ['{"envelope":{"__proto__":{"to":["e@v.e"]}},"from":"a@b.c","to":["a@b.c"]}', 'envelope.__proto__'],
  ])('are refused: %s', (body, field) => {
    expect(readBody(body)).toMatchObject({ ok: false, errors: [{ field }] });
    expect(({} as Fields)['polluted']).toBeUndefined();
  });
});

describe('what the stage does not allow', () => {
  const rules = { allowedFromDomains: ['example.com', 'BÜCHER.example'], attachmentBuckets: ['ours'] };
  const s3 = { bucket: 'theirs', key: 'k' };

  it.each([
    ['a sender domain in from', aMessage({ from: 'a@evil.example' }), 'from'],
    ['a subdomain', aMessage({ from: 'a@sub.example.com' }), 'from'],
    ['a domain in the envelope', aMessage({ envelope: { from: 'a@evil.example' } }), 'envelope.from'],
    [
      'a domain inside raw',
      aRawMessage('From: a@evil.example\r\nTo: x@y.z\r\n\r\n', { from: 'a@example.com' }),
      'raw.content',
    ],
    [
      'one of two authors inside raw',
      aRawMessage('From: a@example.com, b@evil.example\r\nTo: x@y.z\r\n\r\n'),
      'raw.content',
    ],
    ['a display name that looks allowed', aMessage({ from: '"a@example.com" <a@evil.example>' }), 'from'],
    ['a bucket for an attachment', aMessage({ attachments: [{ s3 }] }), 'attachments[0].s3.bucket'],
    ['a bucket for raw', { raw: { s3 }, envelope: { from: 'a@example.com', to: ['x@y.z'] } }, 'raw.s3.bucket'],
  ])('refuses %s', (_, message, field) => {
    expect(read(message, { rules })).toMatchObject({ ok: false, reason: 'not-allowed', errors: [{ field }] });
  });

  it.each([
    ['another case', aMessage({ from: 'a@EXAMPLE.com' })],
    ['its A-label form', aMessage({ from: 'a@xn--bcher-kva.example' })],
    ['the null sender', aMessage({ envelope: { from: '' } })],
    ['the null sender in brackets', aMessage({ envelope: { from: '<>' } })],
    ['an allowed bucket', aMessage({ attachments: [{ s3: { bucket: 'ours', key: 'k' } }] })],
    ['an allowed author inside raw', aRawMessage('From: A <a@example.com>\r\nTo: x@y.z\r\n\r\n')],
  ])('allows %s', (_, message) => {
    expect(read(message, { rules }).ok).toBe(true);
  });
});
