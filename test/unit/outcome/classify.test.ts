import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../../lib/outcome/classify.ts';
import {
  type NetworkErrorKind,
  type Phase,
  phases,
  type SmtpFailure,
  type SmtpReply,
} from '../../../lib/outcome/outcome.ts';
import { failureOf, readCorpus } from '../../corpus/corpus.ts';

const kinds = [
  'dns',
  'refused',
  'timeout',
  'deadline',
  'closed',
  'tls',
  'protocol',
  'unavailable',
  'incapable',
] as const satisfies readonly NetworkErrorKind[];
const setUp: readonly Phase[] = ['credentials', 'dns', 'connect', 'tls', 'greeting', 'ehlo', 'starttls', 'auth'];

function errorAt(phase: Phase, kind: NetworkErrorKind, reused = false, message = 'it broke'): SmtpFailure {
  return { phase, reused, error: { kind, message } };
}

function replyAt(phase: Phase, code: number, text = 'no', reused = false): SmtpFailure {
  return { phase, reused, reply: { code, text } };
}

const relayFault = { scope: 'relay', permanent: false, rule: 'network-fault' };

describe('errors without a reply', () => {
  it.each(setUp)("at %s are the relay's", (phase) => {
    for (const kind of ['dns', 'refused', 'timeout', 'closed', 'tls', 'protocol', 'unavailable'] as const) {
      expect(classify(errorAt(phase, kind))).toEqual(relayFault);
    }
  });

  it.each(['mail', 'rcpt', 'data', 'body'] as const)("at %s of a fresh session are the relay's", (phase) => {
    for (const kind of ['timeout', 'closed', 'protocol'] as const) {
      expect(classify(errorAt(phase, kind))).toEqual(relayFault);
    }
  });

  it.each(kinds)('after the final dot (%s) are a doubt, on a kept session too', (kind) => {
    expect(classify(errorAt('final-reply', kind)).scope).toBe('uncertain');
    expect(classify(errorAt('final-reply', kind, true)).scope).toBe('uncertain');
  });

  it.each(['mail', 'rcpt', 'data'] as const)('a kept session that closes at %s is redone', (phase) => {
    expect(classify(errorAt(phase, 'closed', true)).scope).toBe('session');
  });

  it("a kept session that closes while it takes the body is the relay's", () => {
    expect(classify(errorAt('body', 'closed', true))).toEqual(relayFault);
  });

  it("a kept session that never answers its first command is redone; one that has answered is the relay's", () => {
    expect(classify(errorAt('mail', 'timeout', true)).scope).toBe('session');
    expect(classify(errorAt('rcpt', 'timeout', true))).toEqual(relayFault);
  });

  it('a mail over the announced size is refused for its size, one that needs SMTPUTF8 may go elsewhere', () => {
    expect(classify(errorAt('mail', 'incapable', false, 'Message size larger than allowed 1000'))).toMatchObject({
      scope: 'message',
      permanent: true,
      trait: 'size',
    });
    expect(classify(errorAt('mail', 'incapable', false, 'no SMTPUTF8'))).toMatchObject({
      scope: 'sender',
      permanent: true,
    });
  });
});

describe('replies that no rule knows', () => {
  it.each([
    ['greeting', 554, 'relay', false],
    ['ehlo', 550, 'relay', false],
    ['auth', 500, 'relay', false],
    ['mail', 451, 'message', false],
    ['mail', 550, 'message', true],
    ['rcpt', 451, 'recipient', false],
    ['rcpt', 550, 'recipient', true],
    ['data', 451, 'message', false],
    ['data', 554, 'message', true],
    ['body', 554, 'message', true],
    ['final-reply', 451, 'message', false],
    ['final-reply', 599, 'message', true],
  ] as const)('at %s, %i: %s, permanent %s', (phase, code, scope, permanent) => {
    expect(classify(replyAt(phase, code))).toEqual({ scope, permanent, rule: `default-${scope}` });
  });

  it("a success where none belongs is a doubt after the final dot, else the relay's confusion", () => {
    expect(classify(replyAt('final-reply', 354)).scope).toBe('uncertain');
    expect(classify(replyAt('data', 250)).scope).toBe('relay');
  });
});

describe('a null sender', () => {
  const bounce = ['', 'ada@example.org'];
  const later = (line: string): SmtpFailure => failureOf({ phase: 'final-reply', reply: line });

  // The first ten as they are known of IMail, NetEase, SES, SpamWall, Road Runner and others; the rest as one might word it.
  it.each([
    '501 bogus mail from',
    '550 Requested action not taken: NULL sender is not allowed',
    '501 Invalid MAIL FROM address provided',
    '550 Error: no third-party DSNs',
    '554 5.7.1 Null sender with multiple recipients not allowed here',
    '550 Empty envelope senders not allowed',
    '550 Sender domain is empty',
    '501 Syntax error: empty email address',
    '554 Transaction failed unsigned DSN for ada@example.org',
    '550 5.7.1 Returned mail not accepted here',
    '550 5.1.0 Null sender is not accepted here',
    '550 Bounces are not accepted from this host',
    '554 5.7.0 Mail with empty return path refused',
    '550 5.7.1 Sending mail from <> is not permitted',
    '554 5.5.4 MAIL FROM <> denied for authenticated user',
    '550 5.7.0 The null return-path is only allowed for postmaster',
    '550 Submission from null sender prohibited',
    '554 Transaction failed: Empty MAIL FROM',
  ])('that is refused with "%s" is the affair of that relay, at MAIL and after DATA', (line) => {
    expect(classify(failureOf({ phase: 'mail', reply: line }), bounce)).toMatchObject({
      scope: 'sender',
      permanent: true,
    });
    expect(classify(later(line), bounce)).toMatchObject({ scope: 'sender', permanent: true });
  });

  it('that is refused at MAIL in words that nobody knows is refused as a sender; one with an address is not', () => {
    const failure = failureOf({ phase: 'mail', reply: '553 sorry, your envelope has been denied' });

    expect(classify(failure, bounce)).toEqual({ scope: 'sender', permanent: true, rule: 'default-null-sender' });
    expect(classify(failure, ['shop@example.com', 'ada@example.org'])).toMatchObject({ rule: 'default-message' });
  });

  it('is not to blame for what is refused later, or for now', () => {
    expect(classify(later('554 sorry, denied'), bounce)).toMatchObject({ rule: 'default-message' });
    expect(classify(failureOf({ phase: 'mail', reply: '451 sorry' }), bounce)).toMatchObject({
      rule: 'default-message',
    });
  });
});

describe('421 and 503', () => {
  it.each([
    ['mail', true, 'session'],
    ['mail', false, 'relay'],
    ['rcpt', true, 'session'],
    ['final-reply', true, 'message'],
    ['greeting', false, 'relay'],
  ] as const)('a shutdown at %s, kept session %s: %s', (phase, reused, scope) => {
    expect(classify(replyAt(phase, 421, 'Service shutting down', reused))).toMatchObject({ scope, permanent: false });
  });

  it.each([
    ['mail', true, 'session'],
    ['mail', false, 'relay'],
    ['final-reply', true, 'relay'],
  ] as const)('503 at %s, kept session %s: %s', (phase, reused, scope) => {
    expect(classify(replyAt(phase, 503, 'Bad sequence', reused))).toMatchObject({ scope, permanent: false });
  });
});

describe('any failure at all', () => {
  const words = readCorpus().flatMap(({ replies }) => replies.map(({ reply }) => reply.slice(4)));
  const anyReply: fc.Arbitrary<SmtpReply> = fc.record(
    {
      code: fc.integer({ min: 200, max: 599 }),
      enhancedCode: fc.constantFrom('4.7.1', '5.1.1', '5.7.60', '4.2.2', '5.3.4', '4.1.8', '5.4.5'),
      text: fc.oneof(fc.constantFrom(...words), fc.string()),
    },
    { requiredKeys: ['code', 'text'] },
  );
  const anyFailure: fc.Arbitrary<SmtpFailure> = fc
    .record({ phase: fc.constantFrom(...phases), reused: fc.boolean() })
    .chain((where) =>
      fc.oneof(
        anyReply.map((reply) => ({ ...where, reply })),
        fc.record({ kind: fc.constantFrom(...kinds), message: fc.string() }).map((error) => ({ ...where, error })),
      ),
    );

  it('keeps what the delivery loop relies on', () => {
    fc.assert(
      fc.property(anyFailure, (failure) => {
        const { scope, permanent, trait } = classify(failure);
        if (permanent) expect(['recipient', 'message', 'sender']).toContain(scope);
        if (permanent)
          expect(failure.reply === undefined ? failure.error.kind : failure.reply.code >= 500).not.toBe(false);
        if (permanent && failure.reply === undefined) expect(failure.error.kind).toBe('incapable');
        const cutShort = failure.error?.kind === 'deadline' && failure.phase !== 'final-reply';
        if (cutShort) expect({ scope, permanent }).toEqual({ scope: 'session', permanent: false });
        if (scope === 'session' && !cutShort) expect(failure.reused).toBe(true);
        if (scope === 'session' && !cutShort) expect(['mail', 'rcpt', 'data']).toContain(failure.phase);
        if (scope === 'uncertain') expect(failure.phase).toBe('final-reply');
        if (failure.phase === 'final-reply' && failure.reply === undefined) expect(scope).toBe('uncertain');
        if (failure.reply !== undefined && failure.reply.code >= 400) expect(scope).not.toBe('uncertain');
        if (trait === 'credentials') expect(scope).toBe('relay');
        if (trait === 'greylisted') expect(scope).toBe('recipient');
        if (trait === 'size') expect(scope).toBe('message');
        if (setUp.includes(failure.phase) && !cutShort)
          expect(['relay', 'throttle', 'message', 'sender']).toContain(scope);
        if (setUp.includes(failure.phase) && failure.reply !== undefined) expect(permanent).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });
});
