import { describe, expect, it } from 'vitest';
import { crashed } from '../../../lib/ledger/crashes.ts';
import { deadLettersWritten, reopened } from '../../../lib/ledger/dead-letters.ts';
import type { RecipientOutcome, RecipientOutcomes } from '../../../lib/ledger/facts.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { claim, failPending, settle } from '../../../lib/ledger/transitions.ts';
import { unfinishedShards } from '../../../lib/ledger/unfinished.ts';
import { waitsOn } from '../../../lib/ledger/waits.ts';
import {
  acceptedBy,
  ada,
  bob,
  claimed,
  context,
  eve,
  facts,
  leaseMs,
  noon,
  rejectedBy,
} from '../../support/ledger/items.ts';

const refused = { phase: 'rcpt', reused: false, reply: { code: 550, text: 'no' } } as const;
const all = (outcome: RecipientOutcome): RecipientOutcomes => new Map([ada, bob, eve].map((one) => [one, outcome]));
const later: RecipientOutcome = { status: 'pending', relay: 'primary' };
const lease = { owner: 'o', endsAt: noon + leaseMs, relay: 'primary', inFlight: [ada, bob, eve] };

function settled(item: LedgerItem, outcomes: RecipientOutcomes): LedgerItem {
  return settle(item, facts(), { outcomes, charged: true, nextAttemptAt: noon + 30_000 }, context());
}

const waiting = settled(claimed(), all(later));
const owing = settled(claimed(), all(rejectedBy('primary', refused)));
const indexOf = ({ openShard, dueAt }: LedgerItem) => (openShard === undefined && dueAt === undefined ? 'out' : dueAt);

describe('the index of unfinished mail', () => {
  it('never sees a mail that is delivered at once', () => {
    const first = claimed();

    expect(indexOf(first)).toBe('out');
    expect(indexOf(settled(first, all(acceptedBy('primary'))))).toBe('out');
  });

  it('holds a mail that waits, by its next attempt', () => {
    expect(indexOf(waiting)).toBe(noon + 30_000);
    expect(unfinishedShards).toContain(waiting.openShard);
  });

  it('holds it by its own expiry when that is sooner', () => {
    const expiring = settled({ ...claimed(), mailExpiresAt: noon + 10_000 }, all(later));

    expect(indexOf(expiring)).toBe(noon + 10_000);
  });

  it('is not written by the next claim, and left when the mail is delivered', () => {
    const again = claim(waiting, lease, context(noon + 30_000));

    expect([again.openShard, again.dueAt]).toEqual([waiting.openShard, waiting.dueAt]);
    expect(indexOf(settled(again, all(acceptedBy('primary'))))).toBe('out');
  });

  it('follows a wait that goes on', () => {
    expect(indexOf(waitsOn(waiting, facts(), noon + 900_000, context()))).toBe(noon + 900_000);
  });

  it('holds a mail that is owed to the dead-letter queue until it is paid', () => {
    expect(indexOf(owing)).toBe(noon);
    expect(indexOf(deadLettersWritten(owing, Object.keys(owing.deadLetters), context()))).toBe('out');
  });

  it('holds what was given up before any relay was asked', () => {
    const item = failPending(claimed(), facts(), { reason: 'expired', message: 'Too late.' }, context());

    expect(indexOf(item)).toBe(noon);
  });

  it('holds a crashed mail as soon as somebody has seen the crash, through the next claim', () => {
    const seen = crashed(claimed(), facts(), context(noon + leaseMs));

    expect(indexOf(seen)).toBe(noon + leaseMs);
    expect(indexOf(claim(seen, lease, context()))).toBe(noon + leaseMs);
  });

  it('holds a redriven mail', () => {
    const paid = deadLettersWritten(owing, Object.keys(owing.deadLetters), context());
    const [id = ''] = Object.keys(paid.deadLetters);

    expect(indexOf(reopened(paid, id, facts(), context(noon + 5000)))).toBe(noon + 5000);
  });

  it('holds a failure that no entry names', () => {
    const next = deadLettersWritten({ ...owing, deadLetters: {} }, [], context(noon + 7000));

    expect(indexOf(next)).toBe(noon + 7000);
  });
});
