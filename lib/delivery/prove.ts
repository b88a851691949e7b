import { built, claimToBuild } from '../ledger/building.ts';
import { pendingDeadLetters, pendingRecipients } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { open } from '../ledger/open.ts';
import { commit } from './commit.ts';
import { type Delivery, type Step, tellOpening, writeContext } from './delivery.ts';
import { isExpired } from './plan.ts';
import type { DeliveryPorts } from './ports.ts';
import { cameForNothing, manyReceives, waitsOf } from './suspect.ts';
import { estimatedBytes } from './try-relays.ts';
import { later, writeOver } from './wait.ts';

/**
 * Builds a suspect once, for nothing, under a lease that names no relay and no recipient. Whoever finds that lease ended
 * counts a crash, and so a mail that cannot be built becomes poison, like one that cannot be sent. A mail that was built is
 * no suspect any more, and is sent like any other. Costs nothing for mail that is no suspect, and two writes for one.
 */
export async function prove(delivery: Delivery, stored: LedgerItem | undefined, ports: DeliveryPorts): Promise<Step> {
  const { received, mail, facts, bounds } = delivery;
  if (received.receives < manyReceives) return { standing: stored };
  const opening = open(stored, facts, writeContext(ports));
  if (opening.kind !== 'proceed') return { standing: stored };
  const { item } = opening;
  if (!cameForNothing(received, item) || !wouldBeBuilt(delivery, item, ports)) return { standing: stored };
  const lease = { owner: ports.newId(), endsAt: bounds.leaseEndsAt };
  const taken = await writeOver(stored, claimToBuild(item, lease, writeContext(ports)), bounds, ports);
  if (taken.kind === 'overtaken') return { standing: taken.current };
  if (taken.kind === 'unavailable') return later(delivery, 'ledger-unavailable', item, ports);
  tellOpening(delivery, opening);
  const build = () => ports.build(mail, { date: item.firstSeenAt, deadline: bounds.sendDeadline });
  // An error is an end too. Whoever builds the mail to send it meets the same one, and knows what to do.
  await ports.holding(estimatedBytes(delivery, ports), build).catch(() => undefined);
  return giveBack(delivery, taken.item, item, ports);
}

function wouldBeBuilt({ facts }: Delivery, item: LedgerItem, { clock }: DeliveryPorts): boolean {
  const pending = pendingRecipients(item, facts.recipients).length > 0;
  return pending && pendingDeadLetters(item).length === 0 && !isExpired(item, clock.now());
}

/** Tried until the invocation's time is up: a lease that is left standing looks like a crash. */
async function giveBack(delivery: Delivery, taken: LedgerItem, item: LedgerItem, ports: DeliveryPorts): Promise<Step> {
  const { received, bounds } = delivery;
  const returned = (found: LedgerItem | undefined): LedgerItem | undefined =>
    found?.writeId === taken.writeId ? built(item, waitsOf(received, item), writeContext(ports)) : undefined;
  const result = await commit(ports, taken, returned, bounds.settleDeadline);
  if (result.kind === 'unavailable') return later(delivery, 'ledger-unavailable', item, ports);
  return { standing: result.kind === 'written' ? result.item : result.current };
}
