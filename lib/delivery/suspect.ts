import type { LedgerItem } from '../ledger/item.ts';
import type { ReceivedMessage } from './ports.ts';

/**
 * Receives of which nobody knows an end before a mail is suspected of ending the sender: out of memory, or a loop without
 * end, while it is read or built. An attempt and a wait that were written down are ends; so waiting for a relay suspects
 * nobody, and waiting for the ledger itself does. It is no proof, and so a suspect only has to be built once, alone.
 */
export const manyReceives = 10;

/** Receives that ended in an answer without a charge, if all of them did. */
export function waitsOf({ receives }: ReceivedMessage, { attempts }: LedgerItem): number {
  return Math.max(0, receives - attempts);
}

/** SQS handed the message out again and again, and the ledger does not know what for. */
export function cameForNothing(received: ReceivedMessage, item: LedgerItem): boolean {
  return unexplained(received, item) >= manyReceives;
}

/** At the next receive, unless this one is written down. */
export function nearlySuspect(received: ReceivedMessage, item: LedgerItem): boolean {
  return unexplained(received, item) >= manyReceives - 1;
}

function unexplained({ receives }: ReceivedMessage, { attempts, waits = 0 }: LedgerItem): number {
  return receives - attempts - waits;
}

/** Took its last owner along, or an earlier one. */
export function hasCrashed(stored: LedgerItem | undefined, now: number): boolean {
  return stored !== undefined && (stored.crashes > 0 || (stored.lease !== undefined && stored.lease.endsAt <= now));
}
