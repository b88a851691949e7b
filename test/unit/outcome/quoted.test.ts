import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../../lib/outcome/classify.ts';
import { lineOf } from '../../../lib/outcome/line.ts';
import type { Phase, SmtpFailure } from '../../../lib/outcome/outcome.ts';
import { failureOf, readCorpus } from '../../corpus/corpus.ts';

const corpus = readCorpus().flatMap(({ replies }) => replies);
/** Whatever a rule listens to, as the words of somebody who wants to be heard. */
const hostile = fc.constantFrom(
  'please authenticate',
  'tls required',
  'your account has been suspended',
  'activate your account',
  'throttle',
  'too many connections',
  'relay access denied',
  'spamhaus',
  'dkim',
  'greylisted',
  'user unknown',
  'try again later',
  'message too big',
  ...corpus.map(({ reply }) => reply.slice(4).replaceAll(/\s+/g, ' ')),
);

function replyAt(phase: Phase, reply: string): SmtpFailure {
  return failureOf({ phase, reply });
}

/** A local part (RFC 5321 §4.1.2) and a domain of lengths that §4.5.3.1 allows. */
function quotedString(words: string): string {
  return `"${words.slice(0, 50).replaceAll(/["\\]/g, '\\$&')}"`;
}

function dotAtom(words: string): string {
  return (
    words
      .slice(0, 60)
      .replaceAll(/\W+/g, '.')
      .replaceAll(/^\.|\.$/g, '') || 'x'
  );
}

const marks = /subject of \([^)]*\)|<[^<>@]+@[^<>@]+>|"[^"]+"|(?<![<\w.])[\w.+-]+@[\w.-]+\w/g;

function withWords(reply: string, words: string): string {
  return reply.replaceAll(marks, (quote) => {
    if (quote.startsWith('subject')) return `subject of (${words})`;
    if (quote.startsWith('<')) return `<${quotedString(words)}@${dotAtom(words)}.example>`;
    return quote.startsWith('"') ? quotedString(words) : `${dotAtom(words)}@${dotAtom(words)}.example`;
  });
}

describe('what a reply quotes', () => {
  const quoting = corpus.filter(({ reply }) => reply.search(marks) >= 0);

  it('decides nothing: every such reply of the corpus keeps its meaning with whatever words in its quotes', () => {
    expect(quoting.length).toBeGreaterThan(50);
    fc.assert(
      fc.property(fc.constantFrom(...quoting), hostile, (entry, words) => {
        const changed = { ...entry, reply: withWords(entry.reply, words) };
        expect(classify(failureOf(changed)), changed.reply).toEqual(classify(failureOf(entry)));
      }),
      { numRuns: 5000 },
    );
  });

  it('decides nothing without any marks either, when it is an address of the transaction', () => {
    fc.assert(
      fc.property(hostile, (words) => {
        const address = `${quotedString(words)}@example.org`;
        const meant = classify(replyAt('rcpt', '550 5.7.1 ada@example.org... Refused'));
        expect(classify(replyAt('rcpt', `550 5.7.1 ${words.slice(0, 50)}@example.org... Refused`), [address])).toEqual(
          meant,
        );
      }),
    );
  });

  it.each([
    ['<ada@example.org>: User unknown', '<*>: User unknown'],
    ['<"a > b"@example.org>: User unknown', '<*>: User unknown'],
    ['MAIL FROM:<> denied', 'MAIL FROM:<> denied'],
    ['<a"b@example.org>: User "x" unknown', '<*>: User "" unknown'],
    ['"throttle me"@example.org... User unknown', '* User unknown'],
    ['throttle@example.org... User unknown', '* User unknown'],
    ['see http://example.net/why?id=throttle%40example.org&r=x', 'see *'],
    ['subject of (a) b (c) matches a profile', 'subject of () matches a profile'],
    ['subject of (cut before its e', 'subject of ()'],
    ['host mx[192.0.2.1] said: 421 too many connections', 'host said'],
    ['Outgoing mail from "a" has been suspended.', 'Outgoing mail from "" has been suspended.'],
    ['"Client host blocked using an RBL"', '"Client host blocked using an RBL"'],
  ])('%j is read as %j', (text, line) => {
    const failure: SmtpFailure = { phase: 'rcpt', reused: false, reply: { code: 550, text } };
    expect(lineOf(failure, [])).toBe(`550 ${line}`);
  });

  it("blanks the transaction's domains, but none that could be any word", () => {
    const failure = replyAt('rcpt', '550 5.4.4 throttle.example: host unknown, mail refused');
    expect(lineOf(failure, ['ada@throttle.example', 'root@mail'])).toBe('550 5.4.4 *: host unknown, mail refused');
  });

  it('stays in what is stored and shown', () => {
    const failure = replyAt('rcpt', '550 5.1.1 <ada@example.org>: User unknown');
    classify(failure, ['ada@example.org']);
    expect(failure.reply?.text).toBe('<ada@example.org>: User unknown');
  });
});
