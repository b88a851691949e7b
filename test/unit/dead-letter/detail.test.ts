import { describe, expect, it } from 'vitest';
import type { DeadLetterDetail } from '../../../lib/contracts/dead-letter.ts';
import { renderDetail, sqsText } from '../../../lib/dead-letter/detail.ts';

const kib = 1024;

function parse(text: string): DeadLetterDetail {
  return JSON.parse(text);
}

function recipients(count: number, reply: string) {
  return Array.from({ length: count }, (_, index) => ({ address: `user-${index}@example.org`, code: 550, reply }));
}

describe('the detail', () => {
  it('says everything when there is room', () => {
    const detail = { message: 'why', recipients: recipients(2, 'no such user'), errors: [{ field: 'to', rule: 'x' }] };

    expect(parse(renderDetail(detail))).toEqual(detail);
  });

  it('is an empty object when there is nothing to say', () => {
    expect(renderDetail({ recipients: [], errors: [] })).toBe('{}');
  });

  it('stays within 16 KiB and says how many entries are missing', () => {
    const text = renderDetail({ recipients: recipients(100, 'n'.repeat(500)) });
    const { recipients: kept = [], truncated } = parse(text);

    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(16 * kib);
    expect(Buffer.byteLength(text)).toBeGreaterThan(12 * kib);
    expect(kept.length + (truncated ?? 0)).toBe(100);
    expect(kept[0]?.address).toBe('user-0@example.org');
  });

  it('counts bytes, not characters', () => {
    const text = renderDetail({ recipients: recipients(40, '😀'.repeat(200)) });

    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(16 * kib);
    expect(parse(text).truncated).toBeGreaterThan(0);
  });

  it('keeps a list of field errors within the bound too', () => {
    const errors = Array.from({ length: 2000 }, (_, index) => ({ field: `to[${index}]`, rule: 'must be an address' }));
    const { errors: kept = [], truncated = 0 } = parse(renderDetail({ errors }));

    expect(kept.length + truncated).toBe(2000);
    expect(kept.length).toBeGreaterThan(100);
  });

  it('holds when one entry alone is too large', () => {
    expect(parse(renderDetail({ errors: [{ field: 'x'.repeat(20 * kib), rule: 'unknown' }] }))).toEqual({
      truncated: 1,
    });
  });

  it('marks a text that was cut', () => {
    const [recipient] = parse(renderDetail({ recipients: recipients(1, 'n'.repeat(600)) })).recipients ?? [];

    expect(recipient?.reply).toBe(`${'n'.repeat(511)}…`);
    expect(parse(renderDetail({ message: 'm'.repeat(512) })).message).toBe('m'.repeat(512));
    expect(parse(renderDetail({ message: 'm'.repeat(513) })).message).toMatch(/m…$/);
  });
});

/** Whether SQS takes the character (API reference, SendMessage). */
function taken(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (
    [0x9, 0xa, 0xd].includes(code) ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}

describe('the text that SQS takes', () => {
  it('holds no character that SQS refuses, whatever came in', () => {
    const everything = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).join(' ');

    expect([...sqsText(everything)].every(taken)).toBe(true);
  });

  it('leaves the rest as it is', () => {
    const text = 'Grüße \t\r\n 😀 \ufffd 漢字';

    expect(sqsText(text)).toBe(text);
    expect(sqsText('a\u0000b\ud800c\uffff')).toBe('a\ufffdb\ufffdc\ufffd');
  });

  it('is still JSON in a detail', () => {
    const reply = 'a\u0000\u001b"\\\ud800\u007f';

    expect(() => parse(renderDetail({ recipients: recipients(1, reply) }))).not.toThrow();
  });
});
