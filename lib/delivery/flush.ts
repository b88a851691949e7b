import { ledgerEntry } from '../dead-letter/entry.ts';
import { deadLettersWritten } from '../ledger/dead-letters.ts';
import { pendingDeadLetters } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { tellOfFailures } from './bounces.ts';
import { commit } from './commit.ts';
import { type Delivery, writeContext } from './delivery.ts';
import type { WaitReason } from './events.ts';
import type { DeliveryPorts } from './ports.ts';

/**
 * Tells the mail's sender, pays what the ledger owes the dead-letter queue, then records both. A crash in between
 * publishes the same bounce again, which the ledger then suppresses, and writes the entry again with the same id. The
 * bounce goes first: its repeats are dropped, those of an entry are not. One that cannot be published holds up no entry: it
 * goes on being owed. When a service failed, which: the message stays in the queue, and the debt in the ledger.
 */
export async function flushDeadLetters(
  item: LedgerItem,
  delivery: Delivery,
  ports: DeliveryPorts,
): Promise<LedgerItem | Extract<WaitReason, 'dead-letter-queue' | 'ledger-unavailable'>> {
  const unpaid = pendingDeadLetters(item);
  const told = await tellOfFailures(item, delivery, ports);
  const written = await writeEntries(item, unpaid, delivery, ports);
  const refused = written.length < unpaid.length;
  // While entries are refused, a bounce that went out is noted, so that it does not go out each time.
  const news = written.length > 0 || (told.length > 0 && (!refused || ports.bounces !== undefined));
  const paid = news ? await record(item, written, told, delivery, ports) : item;
  return refused ? 'dead-letter-queue' : (paid ?? 'ledger-unavailable');
}

/** In their order, until one is refused. Returns those that the dead-letter queue took. */
async function writeEntries(
  item: LedgerItem,
  ids: readonly string[],
  { received, report }: Delivery,
  { deadLetters }: DeliveryPorts,
): Promise<readonly string[]> {
  const written: string[] = [];
  for (const id of ids) {
    const record = item.deadLetters[id];
    if (record === undefined) continue;
    try {
      await deadLetters.send(ledgerEntry(item, id, record, received));
    } catch (error) {
      report({ type: 'service-unavailable', service: 'dead-letter-queue', error });
      break;
    }
    written.push(id);
    const recipients = Object.values(item.recipients).filter(({ deadLetterId }) => deadLetterId === id).length;
    report({ type: 'dead-lettered', reason: record.reason, recipients });
  }
  return written;
}

async function record(
  item: LedgerItem,
  written: readonly string[],
  told: readonly string[],
  { report, bounds }: Delivery,
  ports: DeliveryPorts,
): Promise<LedgerItem | undefined> {
  const context = writeContext(ports);
  const committed = await commit(
    ports,
    item,
    (standing) => (standing === undefined ? undefined : deadLettersWritten(standing, written, context, told)),
    bounds.settleDeadline,
  );
  if (committed.kind === 'written') return committed.item;
  if (committed.kind === 'unavailable') {
    report({ type: 'service-unavailable', service: 'ledger', error: committed.error });
  }
  return undefined;
}
