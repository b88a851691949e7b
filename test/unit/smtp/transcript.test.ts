import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SmtpReply } from '../../../lib/outcome/outcome.ts';
import { Transcript } from '../../../lib/smtp/transcript.ts';

const reply = (code: number): SmtpReply => ({ code, text: `reply ${code}` });
const people = (count: number) => Array.from({ length: count }, (_, index) => `r${index}@example.org`);

/** Plays replies in order; the body is sent as soon as it is asked for. */
function play(recipients: readonly string[], codes: readonly number[]): Transcript {
  const transcript = new Transcript(recipients, false);
  for (const code of codes) {
    if (!transcript.reply(reply(code))) break;
    if (transcript.awaiting === 'body') transcript.bodySent();
  }
  return transcript;
}

describe('Transcript', () => {
  it('names every recipient exactly once, whatever the relay says and whenever it stops', () => {
    const code = fc.constantFrom(250, 250, 250, 354, 354, 421, 450, 550);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(code, { maxLength: 9 }),
        fc.boolean(),
        (count, codes, dies) => {
          const recipients = people(count);
          const transcript = play(recipients, codes);
          if (dies) transcript.lost({ kind: 'closed', message: 'gone' });
          const { accepted, failed } = transcript.result({});
          const named = [...accepted, ...failed].map(({ address }) => address);
          expect(named.sort()).toEqual([...recipients].sort());
          for (const { failure } of failed) expect(failure.reply?.code ?? 400).toBeGreaterThanOrEqual(400);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('accepts nobody without a positive answer to the final dot', () => {
    const code = fc.constantFrom(250, 354, 421, 450, 550);
    fc.assert(
      fc.property(fc.array(code, { maxLength: 9 }), (codes) => {
        const { accepted } = play(people(2), codes).result({});
        // MAIL, two RCPT, DATA, final.
        const [mail, a, b, data, final] = codes;
        const taken =
          mail === 250 && data === 354 && final === 250 && [a, b].every((each) => each !== 354 && each !== 421);
        const expected = taken ? [a, b].filter((each) => each === 250).length : 0;
        expect(accepted).toHaveLength(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [[], 'mail'],
    [[250], 'rcpt'],
    [[250, 250], 'rcpt'],
    [[250, 250, 250], 'data'],
    [[250, 250, 250, 354], 'final-reply'],
  ])('after %j a lost connection was lost in %s', (codes, phase) => {
    const transcript = play(people(2), codes);
    transcript.lost({ kind: 'closed', message: 'gone' });
    const { failed } = transcript.result({});
    expect(failed.map(({ failure }) => [failure.phase, failure.error?.kind])).toEqual([
      [phase, 'closed'],
      [phase, 'closed'],
    ]);
  });

  it('puts an answer before the final dot into the body, and gives the session up', () => {
    const transcript = new Transcript(people(1), true);
    for (const code of [250, 250, 354]) expect(transcript.reply(reply(code))).toBe(true);
    expect(transcript.reply(reply(552))).toBe(false);
    expect(transcript.result({}).failed[0]?.failure).toEqual({ phase: 'body', reused: true, reply: reply(552) });
  });

  it('is closed only by an answer to the final dot', () => {
    expect(play(people(1), [250, 550]).closed).toBe(false);
    expect(play(people(1), [250, 250, 354]).closed).toBe(false);
    expect(play(people(1), [250, 250, 354, 450]).closed).toBe(true);
  });

  it('takes a second answer to the final dot for a session out of step', () => {
    const transcript = play(people(1), [250, 250, 354, 250]);
    expect(transcript.reply(reply(250))).toBe(false);
    expect(transcript.result({}).accepted).toHaveLength(1);
  });
});
