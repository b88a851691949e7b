import { describe, expect, it } from 'vitest';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { createLog } from '../../../lib/telemetry/log.ts';
import { logEvents } from '../../../lib/telemetry/log-events.ts';
import { describeLine } from '../../../ops/trace/events.ts';
import { type LogLine, readLogLine } from '../../../ops/trace/log-line.ts';
import { parseOptions } from '../../../ops/trace/options.ts';
import { outlook } from '../../../ops/trace/outlook.ts';
import { printStory } from '../../../ops/trace/print.ts';
import type { StorySources } from '../../../ops/trace/sources.ts';
import { readStory, tellStory } from '../../../ops/trace/story.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const minute = 60_000;
const ada = 'ada@example.org';

function item(overrides: Partial<LedgerItem> = {}): LedgerItem {
  return {
    key: 'order-1',
    writeId: 'w',
    payloadHash: 'h',
    state: 'waiting',
    recipients: { [ada]: { status: 'pending', at: now, relay: 'primary', code: 451, text: 'Greylisted' } },
    attempts: 1,
    crashes: 0,
    firstSeenAt: now - minute,
    deadLetters: {},
    changedAt: now,
    ttl: Math.floor(now / 1000) + 35 * 86_400,
    ...overrides,
  };
}

/** Lines as the real log writes them. */
function logged(write: (log: ReturnType<typeof createLog>) => void, key = 'order-1'): readonly string[] {
  const lines: string[] = [];
  write(
    createLog({ stage: 'dev', clock: { now: () => now }, write: (line) => lines.push(line) }).with({
      key,
      sqsId: 's-1',
    }),
  );
  return lines;
}

const sourcesOf = (stored: LedgerItem | undefined, lines: readonly string[]): StorySources => ({
  ledger: { read: async (key) => (key === stored?.key ? stored : undefined) },
  lines: async (wanted) => lines.flatMap((line) => readLogLine(line, wanted) ?? []),
});

describe('a line of the log', () => {
  const line = (fields: Partial<LogLine>): LogLine => ({ timestamp: '', stage: 'dev', event: '', ...fields });
  const recipients = [
    {
      address: 'example.org#1',
      outcome: 'recipient',
      rule: 'greylisted',
      code: 451,
      enhancedCode: '4.7.1',
      reply: 'Wait',
      phase: 'rcpt',
    },
  ];

  it.each([
    [
      {
        event: 'mail.attempt',
        relay: 'primary',
        outcome: 'accepted',
        durationMs: 12.4,
        counts: { accepted: 2, reused: 1 },
      },
      'primary took it for 2 recipients (a session that was open, 12 ms).',
    ],
    [
      { event: 'mail.attempt', relay: 'primary', outcome: 'failed', counts: {}, recipients },
      'primary did not take it (a new session):|example.org#1: 451 4.7.1 Wait (at rcpt) – it refuses the recipient for now; rule greylisted',
    ],
    [
      {
        event: 'mail.uncertain',
        relay: 'p',
        outcome: 'failed',
        recipients: [{ address: 'x#1', outcome: 'uncertain', reply: 'closed' }],
      },
      'p did not take it (a new session):|x#1: closed – nobody knows whether it took the mail',
    ],
    [
      { event: 'mail.waiting', outcome: 'no-relay', message: 'visible again at T' },
      'Put back without an attempt: no relay can take it now; visible again at T.',
    ],
    [
      { event: 'mail.dead-lettered', reason: 'rejected', counts: { recipients: 1 } },
      'Written to the dead-letter queue: rejected, 1 recipient.',
    ],
    [
      { event: 'relay.fault', relay: 'p', phase: 'connect', reply: 'ECONNREFUSED' },
      'p could not be used: ECONNREFUSED (at connect). The next relay has its turn.',
    ],
    [{ event: 'mail.crash-seen', counts: { crashes: 2 } }, 'A sender had stopped in the middle of it (2 of 5).'],
    [
      { event: 'mail.crash-seen', counts: { crashes: 5 } },
      'A sender had stopped in the middle of it (5 of 5): it is given up as poison.',
    ],
    [
      {
        event: 'mail.attempt',
        relay: 'p',
        outcome: 'accepted',
        durationMs: 25_120,
        timings: { choose: 25_000, greeting: 24_900, data: 80 },
      },
      'p took it for 0 recipients (a new session, 25120 ms, 24900 of them in greeting).',
    ],
    [
      { event: 'ledger.settle-failed', outcome: 'put back' },
      'What the relay answered could not be written to the ledger; it comes back when its lease has ended.',
    ],
    [{ event: 'mail.brand-new', message: 'something' }, 'mail.brand-new: something'],
  ])('%j in words', (fields, words) => {
    expect(describeLine(line(fields)).join('|')).toBe(words);
  });

  it('has words of its own for everything that the log says about a mail', () => {
    const codes = Object.keys(logEvents).filter((code) =>
      /^(mail|ledger|queue|events)\.|^audit\.overdue$|^unexpected$/.test(code),
    );
    expect(codes.filter((event) => describeLine(line({ event })).join('').startsWith(event))).toEqual([]);
  });
});

describe('what happens next', () => {
  const next = (overrides: Partial<LedgerItem>) => outlook(item(overrides), [], now).next.join('|');

  it.each<[Partial<LedgerItem>, string]>([
    [
      { nextAttemptAt: now + 5 * minute, lastRelay: 'primary' },
      'Next attempt, elsewhere than primary first: 2026-11-23T12:05:00.000Z (in 5m).',
    ],
    [
      { nextAttemptAt: now - 1, lastRelay: 'primary', stayOnRelay: true },
      'Next attempt through primary again: 2026-11-23T11:59:59.999Z (due).',
    ],
    [
      { state: 'sending', lease: { owner: 'o', endsAt: now + minute, relay: 'fallback', inFlight: [ada] } },
      'It is being sent through fallback right now, until 2026-11-23T12:01:00.000Z (in 60s) at the latest.',
    ],
    [
      { state: 'sending', lease: { owner: 'o', endsAt: now - 1, relay: 'fallback', inFlight: [ada] } },
      'A sender stopped while fallback had it; the next receive tries it again, or gives it up as uncertain if its publisher wants no second copy.',
    ],
    [
      { state: 'sending', crashes: 3, lease: { owner: 'o', endsAt: now - 1, relay: '', inFlight: [] } },
      'A sender stopped while it was built; the next receive tries it again.',
    ],
    [
      { state: 'sending', crashes: 4, lease: { owner: 'o', endsAt: now - 1, relay: '', inFlight: [] } },
      'A sender stopped while it was built, for the 5th time; the next receive gives it up as poison.',
    ],
    [
      { attempts: 0, delayedAt: now - minute, nextAttemptAt: now + minute, mailExpiresAt: now + 5 * minute },
      'Next attempt: 2026-11-23T12:01:00.000Z (in 60s).|Whoever has not got it by 2026-11-23T12:05:00.000Z (in 5m) is given up: so its publisher wishes.',
    ],
    [
      {
        state: 'settled',
        recipients: {},
        deadLetters: { d1: { reason: 'expired', pending: false, failedAt: now, bounceOwedSince: now } },
      },
      'Its entry in the dead-letter queue (expired). Look: npm run dlq -- show d1|Its sender does not know of that failure yet (owed since 2026-11-23T12:00:00.000Z): a bounce is tried at each receive, and when no message carries it any more, npm run audit lists it.|Copies with this key are recognised and dropped until 2026-12-28.',
    ],
    [
      {
        state: 'settled',
        recipients: {},
        deadLetters: { d1: { reason: 'uncertain', pending: false, neverWritten: true, failedAt: now, message: 'm' } },
      },
      'A person closed it (uncertain: m); no dead-letter entry was written for that.|Copies with this key are recognised and dropped until 2026-12-28.',
    ],
    [
      { state: 'settled', recipients: {}, deadLetters: { d1: { reason: 'rejected', pending: false, failedAt: now } } },
      'Its entry in the dead-letter queue (rejected). Look: npm run dlq -- show d1|Copies with this key are recognised and dropped until 2026-12-28.',
    ],
    [
      { deadLetters: { d1: { reason: 'expired', pending: true, failedAt: now } } },
      'It is tried again when its copy in the queue becomes visible.|Its entry for the dead-letter queue (expired) is written at the next receive.',
    ],
  ])('%j', (overrides, words) => {
    expect(next(overrides)).toBe(words);
  });

  it.each<[Partial<LedgerItem>, string]>([
    [{}, 'On its way; 1 attempt charged.'],
    [
      { state: 'settled', recipients: { a: { status: 'accepted', at: now } }, attempts: 2 },
      'Delivered to its recipient; 2 attempts charged.',
    ],
    [
      { state: 'settled', recipients: { a: { status: 'accepted', at: now }, b: { status: 'failed', at: now } } },
      'Delivered to 1 of 2 recipients; 1 attempt charged.',
    ],
    [
      { state: 'settled', recipients: { a: { status: 'failed', at: now } } },
      'Not delivered to its recipient; 1 attempt charged.',
    ],
  ])('in short: %j', (overrides, words) => {
    expect(outlook(item(overrides), [], now).summary).toBe(words);
  });
});

describe('a story', () => {
  it('joins ledger and log, and names the recipients that the ledger knows', async () => {
    const lines = logged((log) => {
      const address = log.address(ada);
      log.event('mail.attempt', {
        relay: 'primary',
        outcome: 'failed',
        recipients: [{ address, outcome: 'recipient', code: 451 }],
      });
      log.event('sender.no-notice');
    });
    const story = await readStory('order-1', sourcesOf(item({ nextAttemptAt: now + minute }), lines));
    const told = printStory('order-1', tellStory(story ?? expect.fail('no story'), now));
    expect(told).toContain('order-1: On its way');
    expect(told).toMatch(/11:59:00.000Z {2}Put on the intake queue\.\n.*primary did not take it/);
    expect(told).toContain('ada@example.org: 451 – it refuses the recipient for now');
    expect(told).toContain('Next attempt');
  });

  it('says once per invocation where its trace is', async () => {
    const attempts = (traceId: string) =>
      logged((log) => {
        log.with({ traceId }).event('relay.fault', { relay: 'primary' });
        log.with({ traceId }).event('mail.attempt', { relay: 'fallback', outcome: 'accepted' });
      });
    const lines = [...attempts('1-a-b'), ...attempts('1-c-d'), ...logged((log) => log.event('mail.duplicate'))];
    const story = await readStory('order-1', sourcesOf(item(), lines));
    const told = printStory('order-1', tellStory(story ?? expect.fail('no story'), now));
    expect(told.match(/X-Ray trace: .*/g)).toEqual([
      'X-Ray trace: aws xray batch-get-traces --trace-ids 1-a-b',
      'X-Ray trace: aws xray batch-get-traces --trace-ids 1-c-d',
    ]);
  });

  it('is found under a key that the log redacts, and under the SQS message id', async () => {
    const key = 'welcome/ada@example.org';
    const lines = logged((log) => log.event('mail.duplicate'), key);
    expect(lines.join('')).not.toContain('ada@');
    const sources = sourcesOf(item({ key }), lines);
    expect((await readStory(key, sources))?.lines).toHaveLength(1);
    expect((await readStory('s-1', sources))?.lines).toHaveLength(1);
  });

  it('of a message that nobody could read is what the log says', async () => {
    const lines = logged((log) => log.event('mail.dead-lettered', { reason: 'malformed' }), '');
    const story = await readStory('s-1', sourcesOf(undefined, lines));
    expect(tellStory(story ?? expect.fail('no story'), now).summary).toBe('Never sent: malformed.');
  });

  it('of a message that was given up past the ledger ends in the dead-letter queue', async () => {
    const lines = logged((log) => log.event('mail.dead-lettered', { reason: 'uncertain' }));
    const forgotten = await readStory('order-1', sourcesOf(item({ nextAttemptAt: now - minute }), lines));
    const unknown = await readStory('s-1', sourcesOf(undefined, lines));
    expect(tellStory(forgotten ?? expect.fail('no story'), now).next).toEqual([
      expect.stringContaining('Nothing happens by itself: its message was given up (uncertain)'),
    ]);
    expect(tellStory(unknown ?? expect.fail('no story'), now).summary).toBe('Given up: uncertain.');
  });

  it('is told from the ledger alone when the log cannot be read', async () => {
    const lines = () => Promise.reject(new Error('denied'));
    const story = await readStory('order-1', { ...sourcesOf(item(), []), lines });
    expect(tellStory(story ?? expect.fail('no story'), now).next).toContain('The log could not be read: denied');
  });

  it('is not made up', async () => {
    expect(await readStory('nobody', sourcesOf(item(), []))).toBeUndefined();
  });

  it('cannot write to the terminal', async () => {
    const lines = logged((log) => log.event('relay.fault', { relay: 'p', reply: '\u001b[2J gone' }));
    const story = await readStory('order-1', sourcesOf(item(), lines));
    expect(printStory('order-1', tellStory(story ?? expect.fail('no story'), now))).not.toContain('\u001b');
  });
});

describe('options of trace', () => {
  it('take a key, and where to look', () => {
    expect(parseOptions(['k/1', '--stage', 'prod', '--since', '2h', '--json'])).toEqual({
      key: 'k/1',
      json: true,
      stage: 'prod',
      stateDir: '.postroom',
      sinceMs: 7_200_000,
    });
    expect(parseOptions(['--help'])).toBeUndefined();
  });

  it.each([
    [[], /one key/],
    [['a', 'b'], /one key/],
    [['a', '--since', '2h'], /means nothing without --stage/],
    [['a', '--stage', '../x'], /--stage/],
    [['a', '--stage', 'prod', '--since', 'long'], /--since/],
    [['a', '--verbos'], /--verbos/],
  ])('refuse %j in words', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
