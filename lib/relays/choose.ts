import type { Random } from '../platform/clock.ts';

/** A relay that can take mail now, as the choice sees it. */
export interface Choosable {
  readonly relay: string;
  /** Lower goes first; the next tier is for when nobody of this one is left. */
  readonly tier: number;
  /** Share of the tier's mail, relative to the others: the configured weight × the health factor. */
  readonly weight: number;
}

/** Where the mail was last, and whether it should go there first (greylisting, doubt) or last (it failed there). */
export interface Affinity {
  readonly relay: string;
  readonly stay: boolean;
}

/**
 * The order in which to try relays: by tier, within a tier drawn at random by weight, without replacement. A relay of
 * weight 0 comes last in its tier: it gets mail that no other of them takes.
 */
export function tryOrder(relays: readonly Choosable[], random: Random, affinity?: Affinity): readonly string[] {
  const tiers = [...new Set(relays.map(({ tier }) => tier))].sort((a, b) => a - b);
  const order = tiers.flatMap((tier) =>
    drawn(
      relays.filter((one) => one.tier === tier),
      random,
    ),
  );
  if (affinity === undefined || !order.includes(affinity.relay)) return order;
  const others = order.filter((relay) => relay !== affinity.relay);
  return affinity.stay ? [affinity.relay, ...others] : [...others, affinity.relay];
}

function drawn(relays: readonly Choosable[], random: Random): readonly string[] {
  const left = [...relays];
  const order: string[] = [];
  while (left.length > 0) {
    const [one] = left.splice(drawIndex(left, random), 1);
    if (one !== undefined) order.push(one.relay);
  }
  return order;
}

function drawIndex(relays: readonly Choosable[], random: Random): number {
  const total = relays.reduce((sum, { weight }) => sum + weight, 0);
  let point = random() * total;
  const index = relays.findIndex(({ weight }) => {
    point -= weight;
    return point < 0;
  });
  return Math.max(0, index);
}
