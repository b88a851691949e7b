import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Choosable, tryOrder } from '../../../lib/relays/choose.ts';
import { seeded } from '../../support/random.ts';

const choices = 10_000;

/** Share of first places that each relay gets. */
function shares(relays: readonly Choosable[], seed: number): Readonly<Record<string, number>> {
  const random = seeded(seed);
  const firsts = Array.from({ length: choices }, () => tryOrder(relays, random)[0] ?? '');
  return Object.fromEntries(relays.map(({ relay }) => [relay, firsts.filter((one) => one === relay).length / choices]));
}

const a = (weight: number, tier = 0): Choosable => ({ relay: 'a', tier, weight });
const b = (weight: number, tier = 0): Choosable => ({ relay: 'b', tier, weight });

describe('the choice among relays', () => {
  it.each([1, 2, 3])('shares mail 75:25 at weights 3:1, within 1%% (seed %i)', (seed) => {
    const { a: share = 0 } = shares([a(3), b(1)], seed);
    expect(Math.abs(share - 0.75)).toBeLessThan(0.01);
  });

  it('shifts the shares by the health factor', () => {
    const { a: share = 0 } = shares([a(3 * 0.4), b(1)], 4);
    expect(Math.abs(share - 1.2 / 2.2)).toBeLessThan(0.01);
  });

  it('takes a lower tier only after the higher one', () => {
    expect(shares([a(1, 1), b(0.01, 0)], 5)).toEqual({ a: 0, b: 1 });
    expect(tryOrder([a(1, 1), b(0.01, 0)], seeded(1))).toEqual(['b', 'a']);
  });

  it('puts weight 0 last in its tier', () => {
    expect(shares([a(0), b(1)], 6)).toEqual({ a: 0, b: 1 });
  });

  it('keeps a mail where it is expected, and leads one away from where it failed', () => {
    const relays = [a(1), b(1000)];
    expect(tryOrder(relays, seeded(1), { relay: 'a', stay: true })).toEqual(['a', 'b']);
    expect(tryOrder(relays, seeded(1), { relay: 'b', stay: false })).toEqual(['a', 'b']);
    expect(tryOrder([b(1)], seeded(1), { relay: 'a', stay: true })).toEqual(['b']);
  });

  it('orders every relay exactly once, by tier', () => {
    const choosable = fc.record({
      tier: fc.integer({ min: 0, max: 3 }),
      weight: fc.double({ min: 0, max: 9, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(choosable, { maxLength: 8 }), fc.nat(), (list, seed) => {
        const relays = list.map((one, index) => ({ ...one, relay: `r${index}` }));
        const order = tryOrder(relays, seeded(seed));
        expect(order.toSorted()).toEqual(relays.map(({ relay }) => relay).toSorted());
        const tiers = order.map((name) => relays.find(({ relay }) => relay === name)?.tier ?? -1);
        expect(tiers).toEqual(tiers.toSorted((one, other) => one - other));
      }),
    );
  });
});
