import { beforeEach, describe, expect, it } from 'vitest';
import { type CommitPorts, commit } from '../../../lib/delivery/commit.ts';
import type { LedgerItem, LedgerWrite } from '../../../lib/ledger/item.ts';
import { claimed, context, noon } from '../../support/ledger/items.ts';

type Turn = 'take' | 'refuse' | 'lose answer' | 'throttle';

let now: number;
let stored: LedgerItem | undefined;
let pauses: number[];
let writes: number;

beforeEach(() => {
  now = noon;
  stored = claimed();
  pauses = [];
  writes = 0;
});

/** A ledger that treats each write as written down; afterwards it takes them all. */
function ports(...turns: Turn[]): CommitPorts {
  const put = (next: LedgerItem, expected: LedgerItem | undefined): LedgerWrite => {
    if (stored?.writeId !== expected?.writeId) return { written: false, current: stored };
    stored = next;
    return { written: true };
  };
  return {
    clock: { now: () => now },
    random: () => 0.5,
    pause: async (ms) => {
      pauses.push(ms);
      now += ms;
    },
    ledger: {
      read: async () => stored,
      write: async (next, expected) => {
        writes += 1;
        const turn = turns.shift() ?? 'take';
        if (turn === 'throttle') throw new Error('throttled');
        if (turn === 'refuse') stored = { ...claimed(), attempts: 7 };
        const result = put(next, expected);
        if (turn === 'lose answer') throw new Error('socket hang up');
        return result;
      },
    },
  };
}

const attemptMore = (standing: LedgerItem | undefined): LedgerItem | undefined =>
  standing && { ...standing, attempts: standing.attempts + 1, writeId: context().newId() };

function run(turns: Turn[], until = noon + 60_000, apply = attemptMore) {
  return commit(ports(...turns), stored, apply, until);
}

describe('a commit', () => {
  it('writes once when nothing is in the way', async () => {
    expect(await run([])).toEqual({ kind: 'written', item: stored });
    expect(stored?.attempts).toBe(1);
    expect([writes, pauses]).toEqual([1, []]);
  });

  it('applies itself to what somebody else wrote in between', async () => {
    await run(['refuse']);

    expect(stored?.attempts).toBe(8);
    expect(writes).toBe(2);
  });

  it('is overtaken when it has nothing to say to that', async () => {
    const onlyOnce = (standing: LedgerItem | undefined) =>
      standing?.attempts === 0 ? attemptMore(standing) : undefined;

    expect(await run(['refuse'], undefined, onlyOnce)).toMatchObject({ kind: 'overtaken', current: { attempts: 7 } });
  });

  it('is overtaken when the item is gone', async () => {
    const expected = stored;
    stored = undefined;

    expect(await commit(ports(), expected, attemptMore, noon + 1)).toEqual({ kind: 'overtaken', current: undefined });
  });

  it('outlasts throttling with growing pauses', async () => {
    expect(await run(['throttle', 'throttle', 'throttle'])).toMatchObject({ kind: 'written' });
    expect(pauses).toEqual([50, 100, 200]);
  });

  it('knows its own write again when only the answer was lost', async () => {
    expect(await run(['lose answer'])).toMatchObject({ kind: 'written', item: { attempts: 1 } });
    expect(stored?.attempts).toBe(1);
  });

  it('knows it again after more trouble', async () => {
    expect(await run(['lose answer', 'throttle', 'throttle'])).toMatchObject({ kind: 'written' });
    expect(stored?.attempts).toBe(1);
  });

  it('gives up before its bound, not after', async () => {
    const forever = Array.from({ length: 1000 }, (): Turn => 'throttle');

    expect(await run(forever)).toMatchObject({ kind: 'unavailable', error: new Error('throttled') });
    expect(now).toBeLessThan(noon + 60_000);
    expect(now).toBeGreaterThan(noon + 57_000);
    expect(Math.max(...pauses)).toBe(2000);
  });

  it('tries once also when its bound has passed', async () => {
    expect(await run([], noon - 1)).toMatchObject({ kind: 'written' });
    expect(await run(['throttle'], noon - 1)).toMatchObject({ kind: 'unavailable' });
  });
});
