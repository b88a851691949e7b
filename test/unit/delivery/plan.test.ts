import { describe, expect, it } from 'vitest';
import { givenUp, isExpired, nextAttempt, type PlanInput } from '../../../lib/delivery/plan.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { ada, bob, eve, facts, fresh, noon } from '../../support/ledger/items.ts';

const retry = { baseSeconds: 30, factor: 2, maxSeconds: 3600, jitter: 0, maxAttempts: 3, maxAgeSeconds: 86_400 };
const hour = 3_600_000;

function item(overrides: Partial<LedgerItem> = {}): LedgerItem {
  return { ...fresh(), firstSeenAt: noon, ...overrides };
}

const first = { charged: true, outOfTime: false, receives: 1, now: noon };

function delayOf(overrides: Partial<PlanInput> = {}): number {
  const input = { item: item(), ...first, random: () => 0.5, ...overrides };
  return nextAttempt(input, retry) - input.now;
}

describe('the next attempt', () => {
  it('backs off with each charged attempt, this one included', () => {
    expect(delayOf({ item: item({ attempts: 0 }) })).toBe(30_000);
    expect(delayOf({ item: item({ attempts: 2 }) })).toBe(120_000);
  });

  it('does not advance the backoff while it waits for a relay', () => {
    expect(delayOf({ charged: false, item: item({ attempts: 2 }) })).toBe(30_000);
  });

  it('waits until the first relay reopens, not longer', () => {
    expect(delayOf({ charged: false, reopensAt: noon + 45_000 })).toBe(45_000);
    expect(delayOf({ charged: false, reopensAt: noon - 45_000 })).toBe(1_000);
  });

  it('is now when only the invocation had no time', () => {
    expect(delayOf({ charged: false, outOfTime: true })).toBe(0);
  });

  it('is not now for ever: each round without time costs a receive', () => {
    const delayAfter = (receives: number, now = noon) => delayOf({ charged: false, outOfTime: true, receives, now });

    expect(delayAfter(5, noon + hour / 2)).toBe(0);
    expect(delayAfter(6)).toBe(1000);
    expect(delayAfter(6, noon + hour / 2)).toBe(hour / 16);
    expect(delayAfter(6, noon + 2 * hour)).toBe(hour / 4);
  });

  it('is no sooner than the age of the mail allows', () => {
    expect(delayOf({ now: noon + 2 * hour })).toBe(15 * 60_000);
    expect(delayOf({ now: noon + 2 * hour, charged: false })).toBe(15 * 60_000);
  });

  it('is at the latest when the mail expires or is too old', () => {
    expect(delayOf({ item: item({ mailExpiresAt: noon + 7_000 }) })).toBe(7_000);
    expect(delayOf({ charged: false, item: item({ mailExpiresAt: noon + 7_000 }) })).toBe(7_000);
    expect(delayOf({ now: noon + 24 * hour - 5_000 })).toBe(5_000);
  });

  it('is an ordinary one when that moment has passed', () => {
    expect(delayOf({ item: item({ mailExpiresAt: noon }) })).toBe(30_000);
  });

  it('is a whole number of milliseconds', () => {
    const at = nextAttempt({ item: item(), ...first, random: () => 0.123456789 }, { ...retry, jitter: 0.2 });

    expect(Number.isInteger(at)).toBe(true);
  });
});

describe('a mail is given up', () => {
  const limit = (overrides: Partial<LedgerItem>, receives = 1, now = noon) =>
    givenUp(item(overrides), facts(), receives, now, retry)?.reason;

  it('by its own expiry, which comes before every limit', () => {
    expect(limit({ mailExpiresAt: noon, attempts: 3 })).toBe('expired');
    expect(limit({ mailExpiresAt: noon + 1 })).toBeUndefined();
  });

  it.each([
    ['attempts', { attempts: 3 }, 1, noon],
    ['age', {}, 1, noon + 24 * hour],
    ['receives', {}, 900, noon],
  ])('by %s', (_name, overrides, receives, now) => {
    expect(limit(overrides, receives, now)).toBe('retry-exhausted');
  });

  it('not before', () => {
    expect(limit({ attempts: 2 }, 899, noon + 24 * hour - 1)).toBeUndefined();
  });

  it('never when nobody waits for it', () => {
    const recipients = Object.fromEntries(
      [ada, bob, eve].map((address) => [address, { status: 'accepted', at: 1 } as const]),
    );

    expect(limit({ recipients, attempts: 9, mailExpiresAt: 1 }, 999)).toBeUndefined();
  });
});

it('a mail is expired from the very moment on', () => {
  expect(isExpired(item({ mailExpiresAt: noon }), noon)).toBe(true);
  expect(isExpired(item({ mailExpiresAt: noon }), noon - 1)).toBe(false);
  expect(isExpired(item(), Number.MAX_SAFE_INTEGER)).toBe(false);
});
