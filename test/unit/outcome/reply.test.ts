import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReply } from '../../../lib/outcome/reply.ts';

describe('parsing a reply', () => {
  it.each([
    ['250 OK', { code: 250, text: 'OK' }],
    ['250 2.0.0 Ok: queued as 4F1B2', { code: 250, enhancedCode: '2.0.0', text: 'Ok: queued as 4F1B2' }],
    ['550', { code: 550, text: '' }],
    ['421 ', { code: 421, text: '' }],
    ['550 5.1.1', { code: 550, enhancedCode: '5.1.1', text: '' }],
    ['552 1 Requested mail action aborted', { code: 552, text: '1 Requested mail action aborted' }],
    ['550 5.7.1.9 odd', { code: 550, text: '5.7.1.9 odd' }],
    ['550 5.1.1: no such user', { code: 550, enhancedCode: '5.1.1', text: ': no such user' }],
    ['571 5.7.1 refused\r\n', { code: 571, enhancedCode: '5.7.1', text: 'refused' }],
  ])('%j', (raw, reply) => {
    expect(parseReply(raw)).toEqual(reply);
  });

  it('joins lines by a space and takes the codes out of each', () => {
    expect(
      parseReply('550-5.7.26 This mail\r\n550-5.7.26 was blocked.\r\n550 5.7.26  See https://example.com'),
    ).toEqual({
      code: 550,
      enhancedCode: '5.7.26',
      text: 'This mail was blocked. See https://example.com',
    });
  });

  it('takes the enhanced code from the first line only', () => {
    expect(parseReply('550-Verification failed\n550 5.1.8 Sender verify failed')).toEqual({
      code: 550,
      text: 'Verification failed 5.1.8 Sender verify failed',
    });
  });

  it('drops an enhanced code of another class', () => {
    expect(parseReply('450 5.1.1 undecided')).toEqual({ code: 450, text: '5.1.1 undecided' });
  });

  it.each([
    '',
    '\r\n',
    ' ',
    'garbage',
    '99 short',
    '150 one',
    '600 six',
    '2500 long',
    '250OK',
    '250-there is more',
    '250-one\n550 two',
    '250 one\n250 two',
    '550-one\ntwo',
    '\n250 OK',
  ])('calls %j not well-formed', (raw) => {
    expect(parseReply(raw)).toBeUndefined();
  });

  it('turns control characters into spaces', () => {
    expect(parseReply('550 a\u0000b\u001b[31mc\td\re')?.text).toBe('a b [31mc d e');
  });

  it('keeps 1 KiB of text and cuts no character in half', () => {
    expect(parseReply(`550 ${'x'.repeat(5000)}`)?.text).toHaveLength(1024);
    expect(parseReply(`550 x${'ä'.repeat(5000)}`)?.text).toBe(`x${'ä'.repeat(511)}`);
  });

  it('never throws, and whatever it accepts is in range', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array).toString('latin1'));
    const nearly = fc
      .array(
        fc.tuple(
          fc.constantFrom('250', '450', '550', '55'),
          fc.constantFrom(' ', '-', ''),
          fc.string({ unit: 'binary' }),
        ),
      )
      .map((lines) => lines.map((parts) => parts.join('')).join('\n'));
    fc.assert(
      fc.property(fc.oneof(bytes, nearly, fc.string({ unit: 'binary' })), (raw) => {
        const reply = parseReply(raw);
        if (reply === undefined) return;
        expect(reply.code).toBeGreaterThanOrEqual(200);
        expect(reply.code).toBeLessThan(600);
        expect(Buffer.byteLength(reply.text)).toBeLessThanOrEqual(1024);
        expect(reply.text).not.toMatch(/\p{Cc}/u);
        expect(reply.text.isWellFormed()).toBe(true);
        if (reply.enhancedCode !== undefined) expect(reply.enhancedCode[0]).toBe(String(reply.code)[0]);
      }),
      { numRuns: 1000 },
    );
  });
});
