import type { WriteContext } from './facts.ts';
import type { Lease, LedgerItem } from './item.ts';
import { stamped } from './stamp.ts';
import { answered } from './waits.ts';

/** Takes the lease of a mail that is only being built: nobody's send is in flight, and no relay is chosen. */
export function claimToBuild(
  item: LedgerItem,
  lease: Pick<Lease, 'owner' | 'endsAt'>,
  context: WriteContext,
): LedgerItem {
  const { nextAttemptAt: _, ...rest } = item;
  return stamped({ ...rest, state: 'sending', lease: { ...lease, relay: '', inFlight: [] } }, context);
}

/** Gives back the lease of {@link claimToBuild}: `item`, as it stood before, and so many receives known for harmless. */
export function built(item: LedgerItem, waits: number, context: WriteContext): LedgerItem {
  return answered(forgiven(item), waits, context);
}

/** It has been built, and so whatever ended its builders before was not the mail, or is gone. */
export function forgiven({ buildCrashes = 0, ...item }: LedgerItem): LedgerItem {
  return { ...item, crashes: item.crashes - buildCrashes };
}
