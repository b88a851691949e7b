import type { LedgerItem, LedgerStore } from '../ledger/item.ts';
import type { Clock, Random } from '../platform/clock.ts';

/** What the ledger needs to write stubbornly: time, chance, and a way to wait. */
export interface CommitPorts {
  readonly ledger: LedgerStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly pause: (ms: number) => Promise<void>;
}

export type Commit =
  | { readonly kind: 'written'; readonly item: LedgerItem }
  /** Somebody else wrote in between, and `apply` had nothing to say to what stands there now. */
  | { readonly kind: 'overtaken'; readonly current: LedgerItem | undefined }
  /** The ledger did not take the write before the bound. */
  | { readonly kind: 'unavailable'; readonly error: unknown };

const firstPauseMs = 50;
const longestPauseMs = 2000;

/**
 * Replaces the stored item by `apply(stored)`, and when somebody else wrote in between, by `apply(what stands there)`.
 * Errors of the service are retried with backoff until `until` (ms since the epoch): an outcome that is known must not be
 * lost to one throttled request.
 */
export async function commit(
  ports: CommitPorts,
  stored: LedgerItem | undefined,
  apply: (standing: LedgerItem | undefined) => LedgerItem | undefined,
  until: number,
): Promise<Commit> {
  let standing = stored;
  let pauseMs = firstPauseMs;
  const unanswered: LedgerItem[] = [];
  for (;;) {
    const next = apply(standing);
    if (next === undefined) return { kind: 'overtaken', current: standing };
    try {
      const result = await ports.ledger.write(next, standing, until);
      if (result.written) return { kind: 'written', item: next };
      const { current } = result;
      // A write that ended in an error may have had its effect: then it is our own that stands in the way.
      const own = unanswered.find(({ writeId }) => writeId === current?.writeId);
      if (own !== undefined) return { kind: 'written', item: own };
      standing = current;
    } catch (error) {
      unanswered.push(next);
      if (ports.clock.now() + pauseMs >= until) return { kind: 'unavailable', error };
      await ports.pause(pauseMs * (0.5 + ports.random()));
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }
}
