import type { LedgerItem } from '../ledger/item.ts';
import { claimToBuild, waitsOn } from '../ledger/transitions.ts';
import { type Delivery, type Step, writeContext } from './delivery.ts';
import type { DeliveryPorts, ReceivedMessage } from './ports.ts';
import { later, writeOver } from './wait.ts';

/**
 * Receives that led to nothing before a mail is suspected of ending the sender: out of memory, or a loop without end, while
 * it is read or built. It is no proof, as mail that waits for a relay for an hour is received as often, so nothing happens
 * to a suspect but that it runs last, alone, and under a lease.
 */
export const manyReceives = 10;

/** SQS handed the message out again and again, and the ledger does not know what for. */
export function cameForNothing({ receives }: ReceivedMessage, stored: LedgerItem | undefined): boolean {
  return receives - (stored?.attempts ?? 0) >= manyReceives;
}

/** Took its last owner along, or an earlier one. */
export function hasCrashed(stored: LedgerItem | undefined, now: number): boolean {
  return stored !== undefined && (stored.crashes > 0 || (stored.lease !== undefined && stored.lease.endsAt <= now));
}

/**
 * Does the work under a lease that names no relay and no recipient. Whoever finds that lease ended counts a crash, and so
 * a mail that cannot be built becomes poison, like one that cannot be sent. It costs two writes, which is why other mail is
 * claimed only when a relay is ready for it.
 */
export async function underLease(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  work: (standing: LedgerItem) => Promise<Step>,
  ports: DeliveryPorts,
): Promise<Step> {
  const { bounds } = delivery;
  const lease = { owner: ports.newId(), endsAt: bounds.leaseEndsAt };
  const taken = await writeOver(standing, claimToBuild(item, lease, writeContext(ports)), bounds, ports);
  if (taken.kind === 'overtaken') return { standing: taken.current };
  if (taken.kind === 'unavailable') return later(delivery, 'ledger-unavailable', item, ports);
  let until = ports.clock.now();
  try {
    const step = await work(taken.item);
    if ('done' in step && step.done.kind === 'return') until = step.done.visibleAt ?? until;
    return step;
  } finally {
    // Takes effect only where the work wrote nothing: an attempt that was never made must not look like a crash.
    await writeOver(taken.item, waitsOn(item, delivery.facts, until, writeContext(ports)), bounds, ports);
  }
}
