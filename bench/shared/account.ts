import type { LedgerItem } from '../../lib/ledger/item.ts';
import type { BenchMail } from './world.ts';

/** What is left when an experiment is over. */
export interface Left {
  /** By envelope recipient: copies that relays took. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** By idempotency key. */
  readonly ledger: ReadonlyMap<string, LedgerItem>;
  /** Reasons of the entries in the dead-letter queue. */
  readonly deadLetters: readonly string[];
  /** Messages still in the intake queue. */
  readonly queued: number;
}

export interface Account {
  readonly mails: number;
  /** Mails that did not arrive, or arrived nowhere near the ledger's word for it. */
  readonly lost: number;
  readonly deadLettered: number;
  /** Copies beyond the first. */
  readonly repeats: number;
  /** Of these, the ones that no counted doubt or crash explains. */
  readonly unexplained: number;
  /** Sends whose outcome stayed unknown. */
  readonly doubts: number;
  /** Attempts charged beyond the delivery itself and the doubts. */
  readonly charged: number;
  readonly queued: number;
}

/** Settles up: what was published against what is left. */
export function accountFor(mails: readonly BenchMail[], left: Left): Account {
  const total = { lost: 0, repeats: 0, unexplained: 0, doubts: 0, charged: 0 };
  for (const { key, recipient } of mails) {
    const item = left.ledger.get(key);
    const copies = left.arrivals.get(recipient) ?? 0;
    const doubts = item?.recipients[recipient]?.doubts ?? 0;
    const repeats = Math.max(0, copies - 1);
    if (copies === 0 || item?.recipients[recipient]?.status !== 'accepted') total.lost += 1;
    total.repeats += repeats;
    total.unexplained += Math.max(0, repeats - doubts - (item?.crashes ?? 0));
    total.doubts += doubts;
    total.charged += Math.max(0, (item?.attempts ?? 0) - 1 - doubts);
  }
  return { mails: mails.length, ...total, deadLettered: left.deadLetters.length, queued: left.queued };
}
