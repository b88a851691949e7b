import { ledgerEntry } from '../dead-letter/entry.ts';
import { pendingDeadLetters } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { deadLettersWritten } from '../ledger/transitions.ts';
import { notifySender } from './bounces.ts';
import { commit } from './commit.ts';
import { type Delivery, writeContext } from './delivery.ts';
import type { DeliveryPorts } from './ports.ts';

/** A bounce that cannot be published must not hold back the dead letter for longer, in milliseconds. */
const bouncePatienceMs = 3_600_000;

function isOwedForLong(item: LedgerItem, ids: readonly string[], { clock }: DeliveryPorts): boolean {
  return ids.every((id) => clock.now() - (item.deadLetters[id]?.failedAt ?? 0) >= bouncePatienceMs);
}

/**
 * Tells the mail's sender, pays what the ledger owes the dead-letter queue, then records that it is paid. A crash in
 * between publishes the same bounce again, which the ledger then suppresses, and writes the entry again with the same id.
 * The bounce goes first: its repeats are dropped, those of an entry are not. Undefined when a service failed: the message
 * stays in the queue, and the debt in the ledger.
 */
export async function flushDeadLetters(
  item: LedgerItem,
  delivery: Delivery,
  ports: DeliveryPorts,
): Promise<LedgerItem | undefined> {
  const { received, report, bounds } = delivery;
  const ids = pendingDeadLetters(item);
  const told = await notifySender(delivery, item, { kind: 'failed', deadLetterIds: ids }, ports);
  if (!told && !isOwedForLong(item, ids, ports)) return undefined;
  for (const id of ids) {
    const record = item.deadLetters[id];
    if (record === undefined) continue;
    try {
      await ports.deadLetters.send(ledgerEntry(item, id, record, received));
    } catch (error) {
      report({ type: 'service-unavailable', service: 'dead-letter-queue', error });
      return undefined;
    }
    const recipients = Object.values(item.recipients).filter(({ deadLetterId }) => deadLetterId === id).length;
    report({ type: 'dead-lettered', reason: record.reason, recipients });
  }
  const context = writeContext(ports);
  const written = await commit(
    ports,
    item,
    (standing) => (standing === undefined ? undefined : deadLettersWritten(standing, ids, context)),
    bounds.settleDeadline,
  );
  if (written.kind === 'written') return written.item;
  if (written.kind === 'unavailable') {
    report({ type: 'service-unavailable', service: 'ledger', error: written.error });
  }
  return undefined;
}
