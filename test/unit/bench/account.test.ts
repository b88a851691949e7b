import { describe, expect, it } from 'vitest';
import { accountFor, type Left } from '../../../bench/shared/account.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';

const mail = { key: 'bench/1', recipient: 'r1@bench.example' };

function itemOf(parts: Partial<LedgerItem> = {}, doubts?: number): LedgerItem {
  const record = { status: 'accepted', at: 0, ...(doubts === undefined ? {} : { doubts }) } as const;
  return {
    key: mail.key,
    writeId: 'w',
    payloadHash: 'h',
    state: 'settled',
    recipients: { [mail.recipient]: record },
    attempts: 1,
    crashes: 0,
    firstSeenAt: 0,
    deadLetters: {},
    changedAt: 0,
    ttl: 0,
    ...parts,
  };
}

const left = (copies: number, item: LedgerItem | undefined, parts: Partial<Left> = {}): Left => ({
  arrivals: new Map(copies === 0 ? [] : [[mail.recipient, copies]]),
  ledger: new Map(item === undefined ? [] : [[mail.key, item]]),
  deadLetters: [],
  queued: 0,
  ...parts,
});

const clean = { mails: 1, lost: 0, deadLettered: 0, repeats: 0, unexplained: 0, doubts: 0, charged: 0, queued: 0 };

describe('the account of an experiment', () => {
  it.each<[string, Left, Partial<typeof clean>]>([
    ['a mail that arrived once', left(1, itemOf()), {}],
    ['a mail that did not arrive', left(0, itemOf()), { lost: 1 }],
    ['a mail that the ledger does not know', left(1, undefined), { lost: 1 }],
    ['a copy too many', left(2, itemOf()), { repeats: 1, unexplained: 1 }],
    ['a copy that a doubt explains', left(2, itemOf({ attempts: 2 }, 1)), { repeats: 1, doubts: 1 }],
    ['a copy that a crash explains', left(2, itemOf({ crashes: 1 })), { repeats: 1 }],
    ['an attempt that was charged', left(1, itemOf({ attempts: 3 })), { charged: 2 }],
    ['a dead letter', left(1, itemOf(), { deadLetters: ['rejected'] }), { deadLettered: 1 }],
    ['what is still queued', left(1, itemOf(), { queued: 2 }), { queued: 2 }],
  ])('tells %s', (_, remains, expected) => {
    expect(accountFor([mail], remains)).toEqual({ ...clean, ...expected });
  });
});
