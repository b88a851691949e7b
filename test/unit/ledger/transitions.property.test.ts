import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { deadLettersWritten } from '../../../lib/ledger/dead-letters.ts';
import { type MailFacts, pendingRecipients, type RecipientOutcome } from '../../../lib/ledger/facts.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { ledgerItem } from '../../../lib/ledger/item-schema.ts';
import { open } from '../../../lib/ledger/open.ts';
import { advance, claim, failPending, lateAccepted, settle } from '../../../lib/ledger/transitions.ts';
import { lostAfterTheDot, mailboxBusy, unknownUser } from '../../support/delivery/answers.ts';
import { acceptedBy, ada, bob, context, eve, facts, noon, rejectedBy } from '../../support/ledger/items.ts';

const recipients = [ada, bob, eve];

/** One thing that happens to the item, drawn at random; what it cannot happen to, it leaves alone. */
type Happening = (item: LedgerItem | undefined, mail: MailFacts, now: number) => LedgerItem | undefined;

const anyOutcome: fc.Arbitrary<RecipientOutcome> = fc.constantFrom<RecipientOutcome>(
  acceptedBy('primary'),
  acceptedBy('fallback'),
  rejectedBy('primary', unknownUser),
  { status: 'pending', relay: 'primary', failure: mailboxBusy },
  { status: 'pending' },
  { status: 'pending', relay: 'primary', failure: lostAfterTheDot, doubts: 1 },
  { status: 'failed', reason: 'uncertain', relay: 'fallback', doubts: 2 },
);
const anyOutcomes = fc
  .dictionary(fc.constantFrom(...recipients), anyOutcome)
  .map((record) => new Map(Object.entries(record)));
const someRecipients = fc.subarray(recipients, { minLength: 1 });

function received(item: LedgerItem | undefined, mail: MailFacts, now: number): LedgerItem | undefined {
  const opening = open(item, mail, context(now));
  return opening.kind === 'proceed' ? opening.item : undefined;
}

const claims = someRecipients.map(
  (inFlight): Happening =>
    (item, mail, now) => {
      const opened = received(item, mail, now);
      if (opened === undefined || pendingRecipients(opened, recipients).length === 0) return item;
      const lease = { owner: context().newId(), endsAt: now + 190_000, relay: 'primary', inFlight };
      return claim(opened, lease, context(now));
    },
);
const owners = fc.tuple(anyOutcomes, fc.boolean(), fc.constantFrom('settle', 'advance')).map(
  ([outcomes, charged, ending]): Happening =>
    (item, mail, now) => {
      if (item?.lease === undefined) return item;
      // An owner only speaks of those whom it was given: nobody who is concluded already.
      const given = new Map([...outcomes].filter(([address]) => pendingRecipients(item, recipients).includes(address)));
      if (ending === 'advance') return advance(item, given, { relay: 'fallback', inFlight: [bob] }, context(now));
      return settle(item, mail, { outcomes: given, charged, nextAttemptAt: now + 30_000 }, context(now));
    },
);
const others = fc.oneof(
  anyOutcomes.map(
    (outcomes): Happening =>
      (item, mail, now) =>
        item === undefined ? item : lateAccepted(item, mail, outcomes, context(now)),
  ),
  fc.constant<Happening>((item, mail, now) => {
    const opened = received(item, mail, now);
    return opened === undefined || item === undefined
      ? item
      : failPending(opened, mail, { reason: 'expired', message: 'too late' }, context(now));
  }),
  fc.nat().map(
    (which): Happening =>
      (item, _mail, now) => {
        if (item === undefined) return item;
        const ids = Object.keys(item.deadLetters);
        return deadLettersWritten(item, ids.slice(0, which % (ids.length + 1)), context(now));
      },
  ),
  // A copy that finds the item only carries it on.
  fc.constant<Happening>((item, mail, now) => (item === undefined ? item : (received(item, mail, now) ?? item))),
);
const redrives = fc.nat().map((which): Happening => {
  return function redrive(item, mail, now) {
    const ids = Object.keys(item?.deadLetters ?? {});
    const deadLetterId = ids[which % Math.max(1, ids.length)];
    return deadLetterId === undefined ? item : (received(item, { ...mail, deadLetterId }, now) ?? item);
  };
});

const anyHistory = fc.record({
  onUncertain: fc.constantFrom('resend' as const, 'hold' as const),
  happenings: fc.array(
    fc.tuple(
      fc.oneof(
        { arbitrary: claims, weight: 4 },
        { arbitrary: owners, weight: 4 },
        { arbitrary: others, weight: 3 },
        { arbitrary: redrives, weight: 1 },
      ),
      fc.constantFrom(0, 1, 20_000, 31_000, 200_000),
    ),
    { maxLength: 40 },
  ),
});

/** Lives through a random history; `look` sees every step. */
function everyHistory(look: (after: LedgerItem, before: LedgerItem | undefined, redriven: boolean) => void): void {
  fc.assert(
    fc.property(anyHistory, ({ onUncertain, happenings }) => {
      let item: LedgerItem | undefined;
      let now = noon;
      for (const [happen, pauseMs] of happenings) {
        now += pauseMs;
        const before = item;
        item = happen(before, facts({ onUncertain }), now);
        if (item === undefined || item === before) continue;
        // Two redrives in one millisecond leave firstSeenAt as it is.
        const redriven = before !== undefined && (item.firstSeenAt !== before.firstSeenAt || happen.name === 'redrive');
        look(item, before, redriven);
      }
    }),
    { numRuns: 500 },
  );
}

describe('whatever happens to a mail', () => {
  it('accepted stays accepted, word for word', () => {
    everyHistory((after, before) => {
      for (const [address, record] of Object.entries(before?.recipients ?? {})) {
        if (record.status === 'accepted') expect(after.recipients[address]).toEqual(record);
      }
    });
  });

  it('a failed recipient stands in exactly one dead-letter entry, which exists', () => {
    everyHistory((after) => {
      for (const record of Object.values(after.recipients)) {
        if (record.status === 'failed') expect(Object.keys(after.deadLetters)).toContain(record.deadLetterId);
        else expect(record).not.toHaveProperty('deadLetterId');
      }
    });
  });

  it('an entry that is owed names somebody', () => {
    everyHistory((after) => {
      const named = Object.values(after.recipients).map(({ deadLetterId }) => deadLetterId);
      for (const [id, { pending }] of Object.entries(after.deadLetters)) if (pending) expect(named).toContain(id);
    });
  });

  it('a failed recipient comes back only by a redrive', () => {
    everyHistory((after, before, redriven) => {
      if (redriven) return;
      for (const [address, record] of Object.entries(before?.recipients ?? {})) {
        if (record.status === 'failed') expect(after.recipients[address]?.status).not.toBe('pending');
      }
    });
  });

  it('attempts, crashes and doubts only grow between redrives', () => {
    everyHistory((after, before, redriven) => {
      if (before === undefined || redriven) return;
      expect(after.attempts).toBeGreaterThanOrEqual(before.attempts);
      expect(after.crashes).toBeGreaterThanOrEqual(before.crashes);
      for (const [address, { doubts = 0, status }] of Object.entries(before.recipients)) {
        if (status !== 'accepted') expect(after.recipients[address]?.doubts ?? 0).toBeGreaterThanOrEqual(doubts);
      }
    });
  });

  it('every change is a new write that lives for 35 more days', () => {
    everyHistory((after, before) => {
      expect(after.writeId).not.toBe(before?.writeId);
      expect(after.ttl).toBe(Math.ceil(after.changedAt / 1000) + 35 * 24 * 3600);
      expect(after.ttl).toBeGreaterThanOrEqual(before?.ttl ?? 0);
    });
  });

  it('the state says what the recipients say', () => {
    everyHistory((after) => {
      const pending = pendingRecipients(after, recipients).length;
      expect(after.state === 'sending').toBe(after.lease !== undefined);
      if (after.state === 'waiting') expect(pending).toBeGreaterThan(0);
      if (after.state === 'settled') expect(pending).toBe(0);
      if (after.state !== 'waiting') expect(after).not.toHaveProperty('nextAttemptAt');
    });
  });

  it('five crashes are the last', () => {
    everyHistory((after) => {
      expect(after.crashes).toBeLessThanOrEqual(5);
      if (after.crashes === 5) expect(after.state).toBe('settled');
    });
  });

  it('DynamoDB gives back what was written', () => {
    everyHistory((after) => {
      expect(v.parse(ledgerItem, unmarshall(marshall(after)))).toEqual(after);
    });
  });
});
