import { describe, expect, it } from 'vitest';
import type { LedgerItem, RecipientRecord } from '../../../lib/ledger/item.ts';
import { fateOf, stepsBetween } from '../../../local/commands/fate.ts';
import { countMetrics, relayFaultLog } from '../../../local/commands/function-log.ts';
import { progressLine } from '../../../local/commands/progress.ts';

const start = Date.parse('2026-11-23T10:00:00Z');
const item = (change: Partial<LedgerItem> = {}): LedgerItem => ({
  key: 'k',
  writeId: 'w',
  payloadHash: 'h',
  state: 'waiting',
  recipients: {},
  attempts: 0,
  crashes: 0,
  firstSeenAt: start,
  deadLetters: {},
  changedAt: start,
  ttl: start / 1000 + 1000,
  ...change,
});
const accepted = { status: 'accepted', at: start, relay: 'primary', code: 250, text: '2.0.0 Ok: queued as 1' } as const;
const refused: RecipientRecord = {
  ...{ at: start, relay: 'primary', phase: 'rcpt', deadLetterId: 'd' },
  ...{ code: 550, enhancedCode: '5.1.1', text: 'User unknown' },
  status: 'failed',
};
const deferred = {
  status: 'pending',
  at: start,
  relay: 'primary',
  phase: 'rcpt',
  code: 451,
  text: 'Greylisted',
} as const;

describe('fate', () => {
  it.each([
    ['open', item()],
    ['open', item({ state: 'sending' })],
    ['delivered', item({ state: 'settled', recipients: { a: accepted } })],
    ['failed', item({ state: 'settled', recipients: { a: accepted, b: refused } })],
    [
      'open',
      item({
        state: 'settled',
        recipients: { b: refused },
        deadLetters: { d: { reason: 'rejected', pending: true, failedAt: start } },
      }),
    ],
  ])('is %s', (fate, one) => expect(fateOf(one)).toBe(fate));
});

describe('steps', () => {
  it('tell a deferral: until when, and why', () => {
    const after = item({ attempts: 1, recipients: { 'ada@x.example': deferred }, nextAttemptAt: start + 30_000 });
    expect(stepsBetween(undefined, after, start)).toEqual([
      'Put off for ada@x.example by primary at rcpt: 451 Greylisted',
      'Deferred until 2026-11-23T10:00:30.000Z (in 30 s; 1 attempt charged)',
    ]);
  });

  it('tell who accepted and who refused, and where it ended', () => {
    const before = item({ attempts: 1, recipients: { a: deferred, b: deferred } });
    const after = item({
      state: 'settled',
      recipients: { a: accepted, b: refused },
      deadLetters: { d: { reason: 'rejected', pending: false, failedAt: start } },
    });
    expect(stepsBetween(before, after, start)).toEqual([
      'Accepted by primary for a: 250 2.0.0 Ok: queued as 1',
      'Not delivered to b: primary said at rcpt: 550 5.1.1 User unknown',
      'In the dead-letter queue: rejected (d)',
    ]);
  });

  it('tell a send, a crash and a doubt', () => {
    const lease = { owner: 'o', endsAt: start + 1000, relay: 'primary', inFlight: ['a', 'b'] };
    const sending = item({ state: 'sending', lease });
    expect(stepsBetween(undefined, sending, start)).toEqual(['Sending through primary to a, b']);
    expect(stepsBetween(sending, item({ crashes: 1 }), start)[0]).toMatch(/stopped in the middle/);
    const doubt = { ...deferred, phase: 'final-reply', doubts: 1, text: 'connection closed' };
    expect(stepsBetween(sending, item({ recipients: { a: doubt } }), start)[0]).toMatch(/^In doubt for a: primary/);
  });

  it('do not repeat themselves', () => {
    const one = item({ attempts: 1, recipients: { a: deferred }, nextAttemptAt: start + 30_000 });
    expect(stepsBetween(one, one, start)).toEqual([]);
  });
});

describe('progress', () => {
  it('adds up the metrics in the log of the sender', () => {
    const { add, counts } = countMetrics();
    add(JSON.stringify({ _aws: {}, MessagesReceived: 3, MessagesDelivered: 1, DeadLettersRejected: [1, 1] }));
    add(JSON.stringify({ _aws: {}, MessagesReceived: 1, MessagesDeferred: 1, DuplicatesSuppressed: 1 }));
    add(JSON.stringify({ event: 'mail.attempt', MessagesDelivered: 7 }));
    for (const noise of ['', 'Error: no', '{"_aws" broken', 'null', '[]']) add(noise);

    expect(counts()).toEqual({ receives: 4, delivered: 1, deferrals: 1, deadLetters: 2, duplicates: 1 });
    expect(progressLine({ queued: 5, inFlight: 6 }, counts())).toBe(
      '4 received · 1 delivered · 1 deferred · 2 dead-lettered · 1 duplicates · queue: 5 ready, 6 waiting',
    );
  });
});

describe('relay faults', () => {
  it('are known by the mail that met them', () => {
    const faults = relayFaultLog();
    faults.add(JSON.stringify({ event: 'relay.fault', key: 'a', relay: 'offline' }));
    faults.add(JSON.stringify({ event: 'relay.fault', key: 'a', relay: 'offline' }));
    faults.add(JSON.stringify({ event: 'mail.attempt', key: 'a', relay: 'primary' }));
    expect(faults.of('a')).toEqual(['offline']);
    expect(faults.of('b')).toEqual([]);
  });
});
