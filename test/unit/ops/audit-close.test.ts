import { describe, expect, it } from 'vitest';
import { pendingDeadLetters, pendingRecipients, type RecipientOutcome } from '../../../lib/ledger/facts.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { open } from '../../../lib/ledger/open.ts';
import { settle } from '../../../lib/ledger/transitions.ts';
import { failedWithoutEntry, indexed } from '../../../lib/ledger/unfinished.ts';
import { closeMail } from '../../../ops/audit/close.ts';
import { acceptedBy, ada, bob, claimed, context, eve, facts, noon, rejectedBy } from '../../support/ledger/items.ts';

const hour = 3_600_000;
const settings = { marginSeconds: 2880, maxAgeSeconds: 432_000 };
const busy = { phase: 'rcpt', reused: false, reply: { code: 450, text: 'busy' } } as const;
const refused = { phase: 'rcpt', reused: false, reply: { code: 550, text: 'no' } } as const;
const deferred = { status: 'pending', relay: 'primary', failure: busy } as const;

/** Ada has the mail, Bob was deferred, and Eve refused: her dead letter is owed. */
const partly = settle(
  claimed(),
  facts(),
  {
    outcomes: new Map<string, RecipientOutcome>([
      [ada, acceptedBy('primary')],
      [bob, deferred],
      [eve, rejectedBy('primary', refused)],
    ]),
    charged: true,
    nextAttemptAt: noon + 30_000,
  },
  context(),
);
const cutShort = claimed();

function ledgerWith(...items: readonly LedgerItem[]) {
  const held = new Map(items.map((item) => [item.key, item]));
  const close = (yes: boolean, overtakenBy?: LedgerItem, now = noon + 2 * hour) => {
    const { newId } = context();
    return closeMail(partly.key, yes, {
      ledger: {
        read: async (key) => held.get(key),
        write: async (next, expected) => {
          const current = overtakenBy ?? held.get(next.key);
          if (current?.writeId !== expected?.writeId) return { written: false, current };
          held.set(next.key, next);
          return { written: true };
        },
      },
      settings,
      clock: { now: () => now },
      newId,
    });
  };
  return { close, item: () => held.get(partly.key) ?? expect.fail('no item') };
}

describe('closing a forgotten mail', () => {
  it('changes nothing without --yes, and says what it would', async () => {
    const { close, item } = ledgerWith(partly);

    const { closed, text } = await close(false);

    expect(closed).toBe(true);
    expect(text).toContain('1 recipient given up, 1 owed to the dead-letter queue');
    expect(item()).toBe(partly);
  });

  it('gives up who is pending, keeps what was accepted, and owes nothing', async () => {
    const { close, item } = ledgerWith(partly);

    await close(true);

    const { state, recipients, deadLetters } = item();
    expect(state).toBe('settled');
    expect(recipients).toMatchObject({ [ada]: { status: 'accepted' }, [eve]: partly.recipients[eve] });
    expect(deadLetters[recipients[bob]?.deadLetterId ?? '']).toMatchObject({
      reason: 'retry-exhausted',
      pending: false,
      message: expect.stringContaining('by hand'),
    });
    // What was owed before, too, was never written: nobody shall look for it in the dead-letter queue.
    expect(Object.values(item().deadLetters).map(({ neverWritten }) => neverWritten)).toEqual([true, true]);
    expect(pendingDeadLetters(item())).toEqual([]);
    expect([item().openShard, item().dueAt]).toEqual([undefined, undefined]);
    expect(open(item(), facts(), context(noon + 3 * hour)).kind).toBe('duplicate');
  });

  it('calls uncertain who may have the mail after a first send that was cut short', async () => {
    const { close, item } = ledgerWith(cutShort);

    const { text } = await close(true);

    expect(text).toContain('3 recipients given up, 3 of them may have it');
    expect(Object.values(item().deadLetters)).toMatchObject([{ reason: 'uncertain', pending: false }]);
    expect(pendingRecipients(item(), facts().recipients)).toEqual([]);
  });

  it('gives an entry to who was given up without one', async () => {
    const orphaned = indexed({ ...partly, deadLetters: {} });
    const { close, item } = ledgerWith(orphaned);

    await close(true);

    expect(failedWithoutEntry(item())).toEqual([]);
    expect(item().dueAt).toBeUndefined();
  });

  it('refuses what is not forgotten, what is not known, and what changed meanwhile', async () => {
    const early = ledgerWith(partly);
    expect(await early.close(true, undefined, noon + 60_000)).toMatchObject({ closed: false });
    expect(early.item()).toBe(partly);
    expect((await ledgerWith().close(true)).text).toContain('does not know it');

    const overtaken = ledgerWith(partly);
    const { closed, text } = await overtaken.close(true, { ...partly, writeId: 'another' });
    expect(closed).toBe(false);
    expect(text).toContain('look again');
    expect(overtaken.item()).toBe(partly);
  });
});
