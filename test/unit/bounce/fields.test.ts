import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { field, foldedField, wrapped } from '../../../lib/bounce/fields.ts';

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 3000 }));
const unfolded = (text: string) => text.replace(/\r\n(?= )/g, '');

describe('a header field', () => {
  it('is one line, whatever its value holds', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const line = field('To', value);

        expect(line.endsWith('\r\n')).toBe(true);
        expect(line.slice(0, -2)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it.each(['a\r\nBcc: eve@example.org', 'a\nBcc: x', 'a\rBcc: x', 'a\0b', 'a\u2028Bcc: x', 'a\u0085Bcc: x'])(
    'cannot be ended by %j',
    (value) => {
      expect(field('To', value).split(/\r\n|[\r\n\0\u2028\u0085]/)).toHaveLength(2);
    },
  );
});

describe('a folded field', () => {
  it('loses nothing but the width of blanks, never begins a line without one, and stays below 998 bytes', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const folded = foldedField('Diagnostic-Code', value);

        const lines = folded.slice(0, -2).split('\r\n');
        expect(lines.slice(1).every((line) => /^ \S/.test(line))).toBe(true);
        expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(998);
        const letters = value
          .toWellFormed()
          .replace(/[\p{Cc}\p{Zl}\p{Zp} ]+/gu, '')
          .trim();
        expect(
          unfolded(folded)
            .slice('Diagnostic-Code:'.length)
            .replace(/[ \r\n]+/g, '')
            .trim(),
        ).toBe(letters);
      }),
    );
  });

  it('is folded at 78 characters where it has blanks', () => {
    const lines = foldedField('Diagnostic-Code', 'smtp; 550 '.repeat(40)).split('\r\n');

    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(78);
  });
});

describe('wrapped text', () => {
  it('has the indent before each line and cannot hold a line of somebody else', () => {
    expect(wrapped('one two\nthree', '  ', 9)).toBe('  one two\n  three');
  });
});
