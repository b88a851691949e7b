import { describe, expect, it } from 'vitest';
import { crashed } from '../../../lib/ledger/crashes.ts';
import { deadLettersWritten } from '../../../lib/ledger/dead-letters.ts';
import { open } from '../../../lib/ledger/open.ts';
import { settle } from '../../../lib/ledger/transitions.ts';
import { mailboxBusy, unknownUser } from '../../support/delivery/answers.ts';
import {
  acceptedBy,
  ada,
  bob,
  claimed,
  context,
  eve,
  facts,
  fresh,
  leaseMs,
  noon,
  rejectedBy,
} from '../../support/ledger/items.ts';

const afterLease = noon + leaseMs + 1;

function settledWith(outcome: ReturnType<typeof acceptedBy>, nextAttemptAt = noon + 30_000) {
  const outcomes = new Map([ada, bob, eve].map((address) => [address, outcome]));
  return settle(claimed(), facts(), { outcomes, charged: true, nextAttemptAt }, context());
}

const waiting = settledWith({ status: 'pending', relay: 'primary', failure: mailboxBusy });
const rejected = settledWith(rejectedBy('primary', unknownUser));
const deadLetterId = Object.keys(rejected.deadLetters)[0] ?? '';
const delivered = settledWith(acceptedBy('primary'));

describe('a mail that the ledger does not know', () => {
  it('may be sent; its age counts from its message', () => {
    expect(open(undefined, facts({ expiresAt: noon + 5 }), context())).toMatchObject({
      kind: 'proceed',
      crashed: false,
      reopened: false,
      item: { state: 'waiting', recipients: {}, firstSeenAt: noon - 60_000, mailExpiresAt: noon + 5, attempts: 0 },
    });
  });

  it('is one whose item outlived its 35 days, whatever it says', () => {
    const ended = { ...delivered, payloadHash: 'other', ttl: noon / 1000 };

    expect(open(ended, facts(), context())).toMatchObject({ kind: 'proceed', item: { recipients: {} } });
    expect(open({ ...delivered, ttl: noon / 1000 + 1 }, facts(), context())).toEqual({ kind: 'duplicate' });
  });
});

describe('a mail that somebody sends', () => {
  it('is left alone until the lease ends', () => {
    const opening = open(claimed(), facts(), context());

    expect(opening).toEqual({ kind: 'wait', until: noon + leaseMs, why: 'in-flight' });
  });

  it('was abandoned when the lease has ended', () => {
    expect(open(claimed(), facts(), context(noon + leaseMs - 1)).kind).toBe('wait');
    expect(open(claimed(), facts(), context(noon + leaseMs))).toMatchObject({
      kind: 'proceed',
      crashed: true,
      item: { crashes: 1, state: 'waiting' },
    });
  });

  it('is left alone by a redriven entry too', () => {
    const sending = claimed(deadLettersWritten(rejected, [deadLetterId], context()));

    expect(open(sending, facts({ deadLetterId }), context()).kind).toBe('wait');
  });

  it('on hold and abandoned owes a dead letter first', () => {
    expect(open(claimed(), facts({ onUncertain: 'hold' }), context(afterLease))).toMatchObject({
      kind: 'proceed',
      crashed: true,
      item: { state: 'settled' },
    });
  });
});

describe('a mail that waits', () => {
  it('is due at its time, and a second before', () => {
    expect(open(waiting, facts(), context(noon + 28_999))).toEqual({
      kind: 'wait',
      until: noon + 30_000,
      why: 'early',
    });
    expect(open(waiting, facts(), context(noon + 29_000))).toMatchObject({ kind: 'proceed', crashed: false });
  });

  it('is due at its expiry when that comes first', () => {
    const expiring = { ...waiting, mailExpiresAt: noon + 10_000 };

    expect(open(expiring, facts(), context())).toMatchObject({ kind: 'wait', until: noon + 10_000 });
    expect(open(expiring, facts(), context(noon + 10_000)).kind).toBe('proceed');
  });

  it('pays its dead letters at once', () => {
    const owing = { ...waiting, deadLetters: rejected.deadLetters };

    expect(open(owing, facts(), context())).toMatchObject({ kind: 'proceed', item: owing });
  });
});

describe('a mail that is settled', () => {
  it('is a duplicate', () => {
    expect(open(delivered, facts(), context())).toEqual({ kind: 'duplicate' });
  });

  it('still owes what the dead-letter queue has not got', () => {
    expect(open(rejected, facts(), context())).toMatchObject({ kind: 'proceed', item: rejected, reopened: false });
    expect(open(deadLettersWritten(rejected, [deadLetterId], context()), facts(), context())).toEqual({
      kind: 'duplicate',
    });
  });

  it('is reopened by its own dead-letter entry', () => {
    expect(open(rejected, facts({ deadLetterId }), context())).toMatchObject({
      kind: 'proceed',
      reopened: true,
      item: { recipients: {}, deadLetters: {} },
    });
  });

  it.each(['unknown', 'constructor', '__proto__', ''])('is not reopened by an entry it never made: %s', (foreign) => {
    expect(open(delivered, facts({ deadLetterId: foreign }), context())).toEqual({ kind: 'duplicate' });
  });
});

describe('same key, other content', () => {
  const other = facts({ payloadHash: '0'.repeat(64), deadLetterId });

  it.each([
    ['in flight', claimed()],
    ['waiting', waiting],
    ['settled', delivered],
    ['dead-lettered', rejected],
    ['abandoned', { ...claimed(), lease: { owner: 'o', relay: 'primary', endsAt: noon - 1, inFlight: [] } }],
  ])('is a conflict when the first mail is %s', (_name, stored) => {
    expect(open(stored, other, context())).toEqual({ kind: 'conflict' });
  });
});

it('nothing is opened twice: a crash that was written is not a crash again', () => {
  const recorded = crashed(claimed(), facts(), context(afterLease));

  expect(open(recorded, facts(), context(afterLease))).toMatchObject({ crashed: false, item: { crashes: 1 } });
  expect(fresh().crashes).toBe(0);
});
