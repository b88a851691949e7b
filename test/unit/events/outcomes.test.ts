import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../../lib/events/outcomes.ts';
import { crashed } from '../../../lib/ledger/crashes.ts';
import { deadLettersWritten, reopened } from '../../../lib/ledger/dead-letters.ts';
import type { RecipientOutcome, RecipientOutcomes } from '../../../lib/ledger/facts.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { newItem } from '../../../lib/ledger/stamp.ts';
import { claim, failPending, lateAccepted, settle } from '../../../lib/ledger/transitions.ts';
import { delayNoticed, waitsOn } from '../../../lib/ledger/waits.ts';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import { acceptedBy, ada, bob, claimed, context, eve, facts, noon, rejectedBy } from '../../support/ledger/items.ts';

const mail = facts({ tags: { campaign: 'november' } });
const first = claimed(newItem(mail, context()));

const busy: SmtpFailure = {
  phase: 'rcpt',
  reused: false,
  reply: { code: 450, enhancedCode: '4.2.1', text: 'mailbox busy' },
};
const unknown: SmtpFailure = {
  phase: 'rcpt',
  reused: false,
  reply: { code: 550, enhancedCode: '5.1.1', text: 'no such user' },
};
const later: RecipientOutcome = { status: 'pending', relay: 'primary', failure: busy };
const nextAttemptAt = noon + 30_000;

function settled(item: LedgerItem, outcomes: RecipientOutcomes, now = noon): LedgerItem {
  return settle(item, mail, { outcomes, charged: true, nextAttemptAt }, context(now));
}

const everybody = (status: 'accepted' | 'later'): RecipientOutcomes =>
  new Map([ada, bob, eve].map((address) => [address, status === 'accepted' ? acceptedBy('primary') : later]));

const types = (old: LedgerItem | undefined, next: LedgerItem) => eventsOf(old, next, 'test').map(({ type }) => type);

describe('a mail that is delivered at once', () => {
  const next = settled(first, everybody('accepted'));

  it('has one event with everything that is known', () => {
    expect(eventsOf(first, next, 'test')).toEqual([
      {
        type: 'Email Delivered',
        detail: {
          version: 1,
          eventId: expect.stringMatching(/^[0-9a-f]{32}$/),
          stage: 'test',
          idempotencyKey: 'order-1',
          tags: { campaign: 'november' },
          at: '2026-01-01T12:00:00.000Z',
          firstSeenAt: '2026-01-01T11:59:00.000Z',
          attempts: 1,
          recipients: [ada, bob, eve].map((address) => ({
            address,
            at: '2026-01-01T12:00:00.000Z',
            relay: 'primary',
            code: 250,
            reply: 'queued as 4711',
          })),
        },
      },
    ]);
  });

  it('says nothing at the claim', () => {
    expect(types(undefined, first)).toEqual([]);
  });

  it('has the same id in every repeat', () => {
    expect(eventsOf(first, next, 'test')).toEqual(eventsOf(first, structuredClone(next), 'test'));
  });

  it('has another id than another mail, stage or change', () => {
    const ids = [
      eventsOf(first, next, 'test'),
      eventsOf(first, next, 'prod'),
      eventsOf(first, { ...next, key: 'order-2' }, 'test'),
      eventsOf(first, settled(first, new Map([[ada, acceptedBy('primary')]])), 'test'),
    ].map(([event]) => event?.detail.eventId);

    expect(new Set(ids).size).toBe(4);
  });

  it('says nothing when the item is deleted after 35 days', () => {
    expect(eventsOf(next, undefined, 'test')).toEqual([]);
  });
});

describe('a mail that is deferred', () => {
  const waiting = settled(first, everybody('later'));
  const [event] = eventsOf(first, waiting, 'test');

  it('is told of once, with the reply and the next attempt', () => {
    expect(event).toMatchObject({
      type: 'Email Delayed',
      detail: {
        nextAttemptAt: '2026-01-01T12:00:30.000Z',
        recipients: [{ address: ada, code: 450, enhancedCode: '4.2.1', reply: 'mailbox busy', phase: 'rcpt' }, {}, {}],
      },
    });
    const again = claim(waiting, { owner: 'o', endsAt: noon + 1, relay: 'primary', inFlight: [ada] }, context());

    expect(types(waiting, again)).toEqual([]);
    expect(types(again, settled(again, everybody('later'), noon + 60_000))).toEqual([]);
    expect(types(waiting, waitsOn(waiting, mail, noon + 90_000, context()))).toEqual([]);
  });

  it('is told of also when no relay could be asked: at the first wait that is written, or with the notice', () => {
    const never = newItem(mail, context());
    const waits = waitsOn(never, mail, noon + 900_000, context());
    const noticed = delayNoticed(never, mail, context());

    expect(eventsOf(undefined, waits, 'test')).toMatchObject([
      {
        type: 'Email Delayed',
        detail: {
          attempts: 0,
          nextAttemptAt: '2026-01-01T12:15:00.000Z',
          recipients: [ada, bob, eve].map((address) => ({ address, at: '2026-01-01T12:00:00.000Z' })),
        },
      },
    ]);
    expect(types(waits, delayNoticed(waits, mail, context()))).toEqual([]);
    expect(types(undefined, noticed)).toEqual(['Email Delayed']);
    expect(types(noticed, waitsOn(noticed, mail, noon + 900_000, context()))).toEqual([]);
    const tried = claim(waits, { owner: 'o', endsAt: noon + 1, relay: 'primary', inFlight: [ada] }, context());
    expect(types(tried, settled(tried, everybody('later')))).toEqual([]);
    expect(types(tried, settled(tried, everybody('accepted')))).toEqual(['Email Delivered']);
  });

  it('is told of again after a redrive', () => {
    const failed = failPending(waiting, mail, { reason: 'retry-exhausted', message: 'Given up.' }, context());
    const [deadLetterId = ''] = Object.keys(failed.deadLetters);
    const back = claimed(reopened(failed, deadLetterId, mail, context(noon + 1000)));
    const delayed = settled(back, everybody('later'), noon + 2000);
    const [second] = eventsOf(back, delayed, 'test');

    expect(second?.type).toBe('Email Delayed');
    expect(second?.detail.eventId).not.toBe(event?.detail.eventId);
  });

  it('says nothing of a delay when it is given up in the same moment', () => {
    const failed = failPending(waiting, mail, { reason: 'expired', message: 'Too late.' }, context());

    expect(types(first, failed)).toEqual(['Email Failed']);
  });
});

describe('recipients with different fates', () => {
  const next = settled(
    first,
    new Map<string, RecipientOutcome>([
      [ada, acceptedBy('primary')],
      [bob, rejectedBy('primary', unknown)],
      [eve, later],
    ]),
  );

  it('have an event each, with only those it is about', () => {
    const told = eventsOf(first, next, 'test').map(({ type, detail }) => [
      type,
      ...detail.recipients.map((r) => r.address),
    ]);

    expect(told).toEqual([
      ['Email Delivered', ada],
      ['Email Failed', bob],
      ['Email Delayed', eve],
    ]);
  });

  it('name the dead letter and its reason', () => {
    const [, failed] = eventsOf(first, next, 'test');

    expect(failed?.detail).toMatchObject({
      reason: 'rejected',
      deadLetterId: Object.keys(next.deadLetters)[0],
      recipients: [{ code: 550, enhancedCode: '5.1.1', reply: 'no such user', relay: 'primary' }],
    });
  });

  it('are not told again when the dead letter is paid', () => {
    expect(types(next, deadLettersWritten(next, Object.keys(next.deadLetters), context()))).toEqual([]);
  });
});

describe('doubt', () => {
  it('of a mail on hold is an event of its own, with the reason', () => {
    const hold = { ...mail, onUncertain: 'hold' as const };
    const next = crashed(first, hold, context(noon + 300_000));

    expect(eventsOf(first, next, 'test')).toMatchObject([
      { type: 'Email Uncertain', detail: { reason: 'uncertain', message: expect.stringContaining('stopped') } },
    ]);
  });

  it('that ends in an acceptance after all gives the truth afterwards', () => {
    const hold = { ...mail, onUncertain: 'hold' as const };
    const doubtful = crashed(first, hold, context(noon + 300_000));
    const merged = lateAccepted(doubtful, hold, everybody('accepted'), context(noon + 301_000));

    expect(types(doubtful, merged)).toEqual(['Email Delivered']);
  });
});

describe('a redriven entry', () => {
  const failed = settled(first, new Map([[ada, rejectedBy('primary', unknown)]]));
  const [deadLetterId = ''] = Object.keys(failed.deadLetters);
  const back = claimed(reopened(failed, deadLetterId, mail, context(noon + 1000)), [ada]);

  it('is delivered after it had failed', () => {
    expect(types(failed, back)).toEqual([]);
    expect(types(back, settled(back, new Map([[ada, acceptedBy('primary')]])))).toContain('Email Delivered');
  });

  it('fails again under another id', () => {
    const again = settled(back, new Map([[ada, rejectedBy('primary', unknown)]]), noon + 2000);
    const [one] = eventsOf(first, failed, 'test');
    const [other] = eventsOf(back, again, 'test');

    expect(other?.type).toBe('Email Failed');
    expect(other?.detail.eventId).not.toBe(one?.detail.eventId);
  });
});

describe('an item that somebody edited by hand', () => {
  it('is told of with an unknown reason instead of stopping the stream', () => {
    const next = { ...first, recipients: { [ada]: { status: 'failed', at: noon } as const } };

    expect(eventsOf(first, next, 'test')).toMatchObject([{ type: 'Email Failed', detail: { reason: 'unknown' } }]);
  });
});
