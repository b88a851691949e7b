import { expect, it } from 'vitest';
import { parseExtensions, sizeLimit } from '../../../lib/smtp/extensions.ts';

it('reads keywords and parameters, in any case, and both ways to write AUTH', () => {
  const raw =
    '250-mx.example.net at your service\n250-size 35882577\n250-AUTH LOGIN plain\n250-AUTH=CRAM-MD5\n250 Chunking';
  expect([...parseExtensions(raw)]).toEqual([
    ['SIZE', ['35882577']],
    ['AUTH', ['LOGIN', 'PLAIN', 'CRAM-MD5']],
    ['CHUNKING', []],
  ]);
});

it('takes no word of the greeting for an extension', () => {
  expect(parseExtensions('250 STARTTLS').size).toBe(0);
});

it.each([
  ['250-x\n250 SIZE 1000', 1000],
  ['250-x\n250 SIZE 0', undefined],
  ['250-x\n250 SIZE', undefined],
  ['250-x\n250 SIZE many', undefined],
  ['250 x', undefined],
])('%j limits messages to %s bytes', (raw, limit) => {
  expect(sizeLimit(parseExtensions(raw))).toBe(limit);
});
