import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplyReader } from '../../../lib/smtp/reply-reader.ts';

const read = (...chunks: (string | Buffer)[]) => {
  const reader = new ReplyReader();
  const received = chunks.flatMap((chunk) => reader.push(Buffer.from(chunk)));
  return { received, halfway: reader.halfway };
};

describe('ReplyReader', () => {
  it('finds the same replies however the bytes are cut', () => {
    const bytes = Buffer.from('250-first\r\n250 second\r\n354 go\r\n550 5.1.1 nö\r\n');
    const whole = read(bytes).received;
    expect(whole.map(({ reply }) => reply?.code)).toEqual([250, 354, 550]);
    expect(whole[0]).toMatchObject({ raw: '250-first\n250 second' });
    expect(whole[2]?.reply?.text).toBe('nö');
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: bytes.length })), (cuts) => {
        const points = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = points.map((point, index) => bytes.subarray(point, points[index + 1]));
        expect(read(...chunks).received).toEqual(whole);
      }),
    );
  });

  it.each([
    ['\r\n', 'an empty line instead of a reply'],
    ['hello\r\n', 'a line that is no SMTP reply'],
    ['250-one\r\n550 two\r\n', 'a line that is no SMTP reply'],
    ['250-one\r\n\r\n', 'an empty line instead of a reply'],
    ['x'.repeat(70_000), 'a reply longer than 65536 bytes'],
    [`250-${'x'.repeat(1000)}\r\n`.repeat(70), 'a reply longer than 65536 bytes'],
  ])('does not take %j for a reply', (bytes, invalid) => {
    expect(read(bytes).received).toEqual([{ invalid }]);
  });

  it.each([
    ['', false],
    ['250 ok\r\n', false],
    ['250 ok', true],
    ['250-ok\r\n', true],
  ])('after %j knows whether a reply has begun: %s', (bytes, halfway) => {
    expect(read(bytes).halfway).toBe(halfway);
  });

  it('keeps bytes that are no UTF-8', () => {
    expect(read(Buffer.from('550 caf\xe9\r\n', 'latin1')).received[0]?.reply?.text).toBe('café');
  });
});
