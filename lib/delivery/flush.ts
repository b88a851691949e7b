import { ledgerEntry } from '../dead-letter/entry.ts';
import { pendingDeadLetters } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { deadLettersWritten } from '../ledger/transitions.ts';
import { commit } from './commit.ts';
import type { DeliveryEventBody } from './events.ts';
import type { DeliveryPorts, ReceivedMessage } from './ports.ts';

/**
 * Pays what the ledger owes the dead-letter queue, then records that it is paid. A crash between the two writes the entry
 * again with the same id. Undefined when a service failed: the message stays in the queue and the debt in the ledger.
 */
export async function flushDeadLetters(
  item: LedgerItem,
  received: ReceivedMessage,
  report: (event: DeliveryEventBody) => void,
  ports: DeliveryPorts,
  until: number,
): Promise<LedgerItem | undefined> {
  const ids = pendingDeadLetters(item);
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
  const context = { now: ports.clock.now(), newId: ports.newId };
  const written = await commit(
    ports,
    item,
    (standing) => (standing === undefined ? undefined : deadLettersWritten(standing, ids, context)),
    until,
  );
  if (written.kind === 'written') return written.item;
  if (written.kind === 'unavailable') {
    report({ type: 'service-unavailable', service: 'ledger', error: written.error });
  }
  return undefined;
}
