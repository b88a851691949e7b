import type { Clock, Random } from '../platform/clock.ts';
import type { RelayHealthEvent } from './events.ts';
import { type Breaker, freshBreaker, type RelayHealthItem, type RelayHealthStore } from './item.ts';

export interface RecordOptions {
  readonly relay: string;
  readonly store: RelayHealthStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  readonly pause: (ms: number) => Promise<void>;
  readonly report: (event: RelayHealthEvent) => void;
}

/** `held`: what stands in the table is this, and it is read first when undefined. `spreadMs`: pause after a conflict. */
export interface Change {
  readonly held?: RelayHealthItem | undefined;
  readonly spreadMs: number;
  /** The very same breaker: nothing to write. */
  readonly apply: (breaker: Breaker) => Breaker;
}

/** `stands`: the item as it is now, changed if that was needed. `overtaken`: others were faster again and again. */
export type Changed =
  | { readonly kind: 'stands'; readonly item: RelayHealthItem | undefined }
  | { readonly kind: 'overtaken' | 'away' };

/** Who loses this often goes on with what it knows and tells it at the next occasion. */
const mostTries = 3;

/**
 * Changes the stored breaker. The item is read first: when fifty environments notice the same, all but the first few find
 * that it is known, and a read costs less than a failed write. Never rejects.
 */
export async function changeBreaker(
  { held, spreadMs, apply }: Change,
  { relay, store, clock, random, newId, pause, report }: RecordOptions,
): Promise<Changed> {
  try {
    let stored = held ?? (await store.read(relay));
    for (let tries = 1; ; tries += 1) {
      const before = stored?.breaker ?? freshBreaker;
      const after = apply(before);
      if (after === before) return { kind: 'stands', item: stored };
      const item = { ...stored, relay, revision: newId(), changedAt: clock.now(), breaker: after };
      const result = await store.write(item, stored);
      if (result.written) {
        const event = eventOf(relay, before, after);
        if (event !== undefined) report(event);
        return { kind: 'stands', item };
      }
      if (tries === mostTries) return { kind: 'overtaken' };
      stored = result.current;
      if (spreadMs > 0) {
        await pause(random() * spreadMs);
        stored = await store.read(relay);
      }
    }
  } catch (error) {
    report({ type: 'health-unavailable', relay, error });
    return { kind: 'away' };
  }
}

function eventOf(relay: string, before: Breaker, after: Breaker): RelayHealthEvent | undefined {
  if (after.state === 'half-open') return { type: 'trial-started', relay };
  if (after.state === 'closed') return before.state === 'closed' ? undefined : { type: 'breaker-closed', relay };
  if (before.state === 'half-open' && before.openedAt === after.openedAt) return { type: 'trial-returned', relay };
  const { reason, rule, reopensAt } = after;
  return { type: 'breaker-opened', relay, reason, rule, reopensAt };
}
