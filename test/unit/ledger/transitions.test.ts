import { describe, expect, it } from 'vitest';
import { built, claimToBuild } from '../../../lib/ledger/building.ts';
import { crashed } from '../../../lib/ledger/crashes.ts';
import { deadLettersWritten, reopened } from '../../../lib/ledger/dead-letters.ts';
import type { RecipientOutcome } from '../../../lib/ledger/facts.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { recordOutcomes } from '../../../lib/ledger/record.ts';
import { advance, claim, failPending, lateAccepted, settle } from '../../../lib/ledger/transitions.ts';
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
  noon,
  rejectedBy,
} from '../../support/ledger/items.ts';

const day = 24 * 3_600;

function settled(
  outcomes: Record<string, RecipientOutcome>,
  item: LedgerItem = claimed(),
  stayOn?: string,
): LedgerItem {
  const settlement = {
    outcomes: new Map(Object.entries(outcomes)),
    charged: true,
    nextAttemptAt: noon + 30_000,
    ...(stayOn === undefined ? {} : { stayOn }),
  };
  return settle(item, facts(), settlement, context(noon + 1000));
}

function onlyEntry(item: LedgerItem): string {
  const ids = Object.keys(item.deadLetters);
  expect(ids).toHaveLength(1);
  return ids[0] ?? '';
}

const pending: RecipientOutcome = { status: 'pending', relay: 'primary', failure: mailboxBusy };

describe('a claim', () => {
  it('takes the lease, names the relay and forgets the date', () => {
    const item = claimed({ ...fresh(), nextAttemptAt: noon });

    expect(item).toMatchObject({ state: 'sending', lease: { relay: 'primary' }, lastRelay: 'primary' });
    expect(item).not.toHaveProperty('nextAttemptAt');
  });

  it('is a new write that lives for 35 days', () => {
    const item = claimed();

    expect(item.writeId).not.toBe('');
    expect(item.changedAt).toBe(noon);
    expect(item.ttl).toBe(noon / 1000 + 35 * day);
  });
});

describe('an advance', () => {
  it('records what is known and who is next, under the same lease', () => {
    const before = claimed(fresh(), [ada]);
    const after = advance(
      before,
      new Map([[ada, acceptedBy('primary')]]),
      { relay: 'fallback', inFlight: [bob] },
      context(),
    );

    expect(after.recipients[ada]).toMatchObject({ status: 'accepted' });
    expect(after.lease).toEqual({ ...before.lease, relay: 'fallback', inFlight: [bob] });
    expect(after.lastRelay).toBe('fallback');
    expect(after.writeId).not.toBe(before.writeId);
  });

  it('and a settle with the same doubt count it once', () => {
    const doubt: RecipientOutcome = { status: 'pending', relay: 'primary', doubts: 1 };
    const advanced = advance(claimed(), new Map([[ada, doubt]]), { relay: 'fallback', inFlight: [bob] }, context());

    expect(settled({ [ada]: doubt, [bob]: acceptedBy('fallback') }, advanced).recipients[ada]?.doubts).toBe(1);
  });
});

describe('a settle', () => {
  it('with nobody pending ends the mail', () => {
    const item = settled({ [ada]: acceptedBy('primary'), [bob]: acceptedBy('primary'), [eve]: acceptedBy('primary') });

    expect(item).toMatchObject({ state: 'settled', attempts: 1, deadLetters: {} });
    expect(item).not.toHaveProperty('lease');
    expect(item).not.toHaveProperty('nextAttemptAt');
    expect(item.recipients[ada]).toEqual({
      status: 'accepted',
      at: noon + 1000,
      relay: 'primary',
      code: 250,
      text: 'queued as 4711',
    });
  });

  it('with somebody pending says when the next attempt is', () => {
    const item = settled({ [ada]: acceptedBy('primary'), [bob]: pending, [eve]: pending });

    expect(item).toMatchObject({ state: 'waiting', nextAttemptAt: noon + 30_000 });
    expect(item).not.toHaveProperty('stayOnRelay');
  });

  it('goes back to the relay that asked for it, also when another one was used later', () => {
    const elsewhere = { ...claimed(), lastRelay: 'fallback' };

    expect(settled({ [ada]: pending }, elsewhere, 'primary')).toMatchObject({
      lastRelay: 'primary',
      stayOnRelay: true,
    });
  });

  it('without a charge leaves the attempts alone', () => {
    const settlement = { outcomes: new Map([[ada, pending]]), charged: false, nextAttemptAt: noon };

    expect(settle(claimed(), facts(), settlement, context())).toMatchObject({ attempts: 0, state: 'waiting' });
  });

  it('never takes an acceptance back', () => {
    const accepted = settled({ [ada]: acceptedBy('primary'), [bob]: pending });
    const again = settled({ [ada]: rejectedBy('fallback', unknownUser) }, claimed(accepted, [bob]));

    expect(again.recipients[ada]).toEqual(accepted.recipients[ada]);
    expect(again.deadLetters).toEqual({});
  });

  it('gathers the failed in one entry per reason', () => {
    const item = settled({
      [ada]: rejectedBy('primary', unknownUser),
      [bob]: rejectedBy('primary', unknownUser),
      [eve]: { status: 'failed', reason: 'uncertain', relay: 'primary', doubts: 1 },
    });

    expect(Object.values(item.deadLetters).map(({ reason }) => reason)).toEqual(['rejected', 'uncertain']);
    expect(item.recipients[ada]?.deadLetterId).toBe(item.recipients[bob]?.deadLetterId);
    expect(item.recipients[eve]?.deadLetterId).not.toBe(item.recipients[ada]?.deadLetterId);
    expect(Object.values(item.deadLetters)).toMatchObject([{ pending: true }, { pending: true }]);
  });

  it('starts a new entry once the first one of that reason was written', () => {
    const first = settled({ [ada]: rejectedBy('primary', unknownUser), [bob]: pending });
    const written = deadLettersWritten(first, [onlyEntry(first)], context(noon + 2000));
    const second = settled({ [bob]: rejectedBy('primary', unknownUser) }, claimed(written, [bob]));

    expect(second.recipients[bob]?.deadLetterId).not.toBe(second.recipients[ada]?.deadLetterId);
    expect(Object.values(second.deadLetters).map((one) => one.pending)).toEqual([false, true]);
  });

  it('keeps reply, codes and phase as evidence', () => {
    expect(settled({ [ada]: rejectedBy('primary', unknownUser) }).recipients[ada]).toMatchObject({
      relay: 'primary',
      code: 550,
      enhancedCode: '5.1.1',
      text: 'no such user',
      phase: 'rcpt',
    });
  });
});

describe('giving up', () => {
  it('fails whoever is pending, and keeps the last reply as evidence', () => {
    const waiting = settled({ [ada]: acceptedBy('primary'), [bob]: pending });
    const item = failPending(waiting, facts(), { reason: 'expired', message: 'too late' }, context());

    expect(item.state).toBe('settled');
    expect(item).not.toHaveProperty('nextAttemptAt');
    expect(item.recipients[bob]).toMatchObject({ status: 'failed', code: 450, text: 'mailbox busy, try later' });
    expect(item.recipients[eve]).toMatchObject({ status: 'failed' });
    expect(item.recipients[ada]).toMatchObject({ status: 'accepted' });
    expect(item.deadLetters[onlyEntry(item)]).toMatchObject({ reason: 'expired', message: 'too late', pending: true });
  });
});

describe('a crash', () => {
  it('of a mail to be sent again is counted, and goes to the same relay first', () => {
    const item = crashed(claimed(), facts(), context());

    expect(item).toMatchObject({ state: 'waiting', crashes: 1, lastRelay: 'primary', stayOnRelay: true, attempts: 0 });
    expect(item).not.toHaveProperty('lease');
    expect(item.recipients[ada]).toMatchObject({ status: 'pending', relay: 'primary' });
    expect(item.deadLetters).toEqual({});
  });

  it('of a mail on hold leaves those in flight in doubt, and only them', () => {
    const item = crashed(claimed(fresh(), [ada]), facts({ onUncertain: 'hold' }), context());

    expect(item).toMatchObject({ state: 'waiting', crashes: 1 });
    expect(item.recipients[ada]).toMatchObject({ status: 'failed', doubts: 1 });
    expect(item.recipients).not.toHaveProperty([bob]);
    expect(item.deadLetters[onlyEntry(item)]).toMatchObject({ reason: 'uncertain', pending: true });
  });

  it('of a mail on hold with everybody in flight ends it', () => {
    const item = crashed(claimed(), facts({ onUncertain: 'hold' }), context());

    expect(item.state).toBe('settled');
    expect(item).not.toHaveProperty('nextAttemptAt');
  });

  it('does not touch whom the relay had accepted before', () => {
    const before = advance(
      claimed(fresh(), [ada]),
      new Map([[ada, acceptedBy('primary')]]),
      { relay: 'primary', inFlight: [ada, bob] },
      context(),
    );

    expect(crashed(before, facts({ onUncertain: 'hold' }), context()).recipients[ada]?.status).toBe('accepted');
  });

  it('makes poison of the mail at the fifth, not at the fourth', () => {
    expect(crashed({ ...claimed(), crashes: 3 }, facts(), context())).toMatchObject({ state: 'waiting', crashes: 4 });

    const poison = crashed({ ...claimed(), crashes: 4 }, facts(), context());

    expect(poison).toMatchObject({ state: 'settled', crashes: 5 });
    expect(poison.deadLetters[onlyEntry(poison)]).toMatchObject({ reason: 'poison' });
  });
});

describe('a crash while the mail was only being built', () => {
  const lease = { owner: 'me', endsAt: 1 };
  const crashedInBuilding = (item: LedgerItem) => crashed(claimToBuild(item, lease, context()), facts(), context());

  it('says nothing about a relay', () => {
    const before = { ...fresh(), lastRelay: 'primary' };

    const item = crashedInBuilding(before);

    expect(item).toMatchObject({ state: 'waiting', crashes: 1, lastRelay: 'primary' });
    expect(item).not.toHaveProperty('stayOnRelay');
    expect(crashedInBuilding({ ...before, stayOnRelay: true })).toMatchObject({ stayOnRelay: true });
  });

  it('is forgiven once the mail is built, other than a crash while it was sent', () => {
    const item = crashedInBuilding(crashedInBuilding({ ...fresh(), crashes: 2 }));
    expect(item.crashes).toBe(4);

    for (const forgiven of [built(item, 12, context()), claimed(item)]) {
      expect(forgiven.crashes).toBe(2);
      expect(forgiven).not.toHaveProperty('buildCrashes');
    }
  });

  it('is poison like any other the fifth time', () => {
    expect(crashedInBuilding({ ...fresh(), crashes: 4, buildCrashes: 4 })).toMatchObject({
      state: 'settled',
      crashes: 5,
    });
  });
});

describe('a redrive', () => {
  const entries = settled({
    [ada]: acceptedBy('primary'),
    [bob]: rejectedBy('primary', unknownUser),
    [eve]: { status: 'failed', reason: 'uncertain', relay: 'primary', doubts: 2 },
  });
  const idOf = (address: string): string => entries.recipients[address]?.deadLetterId ?? '';

  it("reopens exactly that entry's recipients", () => {
    const item = reopened(entries, idOf(bob), facts(), context());

    expect(Object.keys(item.recipients)).toEqual([ada, eve]);
    expect(item.recipients[eve]).toMatchObject({ status: 'failed', deadLetterId: idOf(eve) });
    expect(Object.keys(item.deadLetters)).toEqual([idOf(eve)]);
    expect(item.state).toBe('waiting');
  });

  it('starts attempts, crashes and age anew', () => {
    const old = { ...entries, crashes: 4, stayOnRelay: true, mailExpiresAt: noon, delayNoticeAt: noon };
    const item = reopened(old, idOf(eve), facts(), context(noon + 5000));

    expect(item).toMatchObject({ attempts: 0, crashes: 0, firstSeenAt: noon + 5000, nextAttemptAt: noon + 5000 });
    for (const name of ['stayOnRelay', 'mailExpiresAt', 'delayNoticeAt']) expect(item).not.toHaveProperty(name);
    expect(item.recipients[eve]?.status ?? 'pending').toBe('pending');
  });

  it('remembers sends after which the recipient may have the mail, so that a refusal later is called uncertain', () => {
    const doubtful = recordOutcomes(
      claimed(),
      new Map([[ada, { status: 'failed', reason: 'uncertain', relay: 'primary', doubts: 2 }]]),
      context(),
    );
    const refused = new Map([[ada, rejectedBy('primary', unknownUser)]]);

    const item = recordOutcomes(reopened(doubtful, idIn(doubtful, ada), facts(), context()), refused, context());

    expect(item.recipients[ada]).toMatchObject({ status: 'failed', doubts: 2 });
    expect(item.deadLetters[idIn(item, ada)]?.reason).toBe('uncertain');
  });

  it('takes the expiry of the redriven message', () => {
    expect(reopened(entries, idOf(eve), facts({ expiresAt: noon + 1 }), context()).mailExpiresAt).toBe(noon + 1);
  });

  it('of an entry whose recipients turned out to have the mail reopens nobody', () => {
    const late = new Map([[eve, acceptedBy('primary')]]);
    const known = lateAccepted(deadLettersWritten(entries, [idOf(eve)], context()), facts(), late, context());

    const item = reopened(known, idOf(eve), facts(), context());

    expect(item.state).toBe('settled');
    expect(item).not.toHaveProperty('nextAttemptAt');
  });
});

function idIn(item: LedgerItem, address: string): string {
  return item.recipients[address]?.deadLetterId ?? '';
}

describe('what an owner learns late', () => {
  it('is recorded when somebody was accepted, and only that', () => {
    const outcomes = new Map([
      [ada, acceptedBy('primary')],
      [bob, rejectedBy('primary', unknownUser)],
    ]);
    const item = lateAccepted(crashed(claimed(), facts(), context()), facts(), outcomes, context());

    expect(item.recipients[ada]?.status).toBe('accepted');
    expect(item.recipients[bob]?.status).toBe('pending');
    expect(item.state).toBe('waiting');
  });

  it('ends a mail that waits for nobody else', () => {
    const everybody = new Map([ada, bob, eve].map((address) => [address, acceptedBy('primary')]));
    const item = lateAccepted(crashed(claimed(), facts(), context()), facts(), everybody, context());

    expect(item.state).toBe('settled');
    expect(item).not.toHaveProperty('nextAttemptAt');
  });

  it('leaves the lease of the new owner alone', () => {
    const taken = claim(
      crashed(claimed(), facts(), context()),
      { owner: 'owner-2', endsAt: noon + 1, relay: 'fallback', inFlight: [ada] },
      context(),
    );
    const item = lateAccepted(taken, facts(), new Map([[ada, acceptedBy('primary')]]), context());

    expect(item).toMatchObject({ state: 'sending', lease: { owner: 'owner-2' } });
  });

  it('drops an entry that was not written yet and names nobody any more', () => {
    const held = crashed(claimed(fresh(), [ada]), facts({ onUncertain: 'hold' }), context());
    const late = new Map([[ada, acceptedBy('primary')]]);

    expect(lateAccepted(held, facts(), late, context()).deadLetters).toEqual({});
    const written = deadLettersWritten(held, [onlyEntry(held)], context());
    expect(Object.keys(lateAccepted(written, facts(), late, context()).deadLetters)).toEqual([onlyEntry(held)]);
  });
});

it('an entry that was written is no debt any more, the others stay', () => {
  const item = settled({
    [ada]: rejectedBy('primary', unknownUser),
    [bob]: { status: 'failed', reason: 'uncertain', doubts: 1 },
  });
  const [first = '', second = ''] = Object.keys(item.deadLetters);

  expect(deadLettersWritten(item, [first], context()).deadLetters).toMatchObject({
    [first]: { pending: false },
    [second]: { pending: true },
  });
});
