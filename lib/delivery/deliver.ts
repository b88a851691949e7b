import { directEntry } from '../dead-letter/entry.ts';
import { bounceOwedSince, pendingDeadLetters, pendingRecipients } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { type Opening, open } from '../ledger/open.ts';
import { carriesBounce, checkReturnPath, tellWhileWaiting } from './bounces.ts';
import { type Delivery, type Step, tellOpening, writeContext } from './delivery.ts';
import { flushDeadLetters } from './flush.ts';
import { isExpired } from './plan.ts';
import type { DeliveryPorts, Disposition } from './ports.ts';
import { untilEntryIsTaken } from './postponed.ts';
import { tryRelays } from './try-relays.ts';
import { advance, giveUp, later, waitOrGiveUp, writeOver } from './wait.ts';

type Proceeding = Extract<Opening, { kind: 'proceed' }>;

/** Each round either ends or was overtaken by another writer; nobody loses that often but by a fault of ours. */
const maxRounds = 8;

/**
 * Carries one received mail as far as it gets now. `stored` is what the ledger holds, or undefined when that is presumed:
 * a first receive writes its claim unread, and learns from the failed condition when it was wrong.
 */
export async function deliver(
  delivery: Delivery,
  stored: LedgerItem | undefined,
  ports: DeliveryPorts,
): Promise<Disposition> {
  const { facts, report } = delivery;
  let standing = stored;
  for (let round = 0; round < maxRounds; round += 1) {
    const opening = open(standing, facts, writeContext(ports));
    if (opening.kind === 'duplicate') {
      report({ type: 'duplicate' });
      return { kind: 'delete' };
    }
    if (opening.kind === 'conflict') return refuseConflict(delivery, ports);
    if (opening.kind === 'wait') {
      report({ type: 'waiting', why: opening.why, visibleAt: opening.until });
      return { kind: 'return', visibleAt: opening.until };
    }
    const step = await proceed(delivery, standing, opening, ports);
    if ('done' in step) return step.done;
    standing = step.standing;
  }
  report({ type: 'waiting', why: 'in-flight' });
  return { kind: 'return' };
}

async function proceed(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  opening: Proceeding,
  ports: DeliveryPorts,
): Promise<Step> {
  const { facts } = delivery;
  const { item } = opening;
  tellOpening(delivery, opening);
  if (pendingDeadLetters(item).length > 0 || pendingRecipients(item, facts.recipients).length === 0) {
    return payDeadLetters(delivery, standing, item, ports);
  }
  if (isExpired(item, ports.clock.now())) {
    return giveUp(delivery, standing, item, { reason: 'expired', message: expiredMessage(item) }, ports);
  }
  const returnPath = await checkReturnPath(delivery, ports);
  if (returnPath.kind === 'invalid') {
    const { message } = returnPath;
    return giveUp(delivery, standing, item, { reason: 'bounce-undeliverable', message }, ports);
  }
  if (returnPath.kind === 'unknown') return waitOrGiveUp(delivery, standing, item, 'return-path-unknown', ports);
  // Recorded before the next attempt, so that it is told once.
  const told = await tellWhileWaiting(delivery, standing, item, ports);
  return told === undefined ? tryRelays(delivery, standing, item, ports) : advance(delivery, standing, told, ports);
}

function expiredMessage({ mailExpiresAt = 0 }: LedgerItem): string {
  return `the mail expired at ${new Date(mailExpiresAt).toISOString()} before every recipient had it`;
}

/**
 * What is owed to the dead-letter queue and to the mail's sender goes there without touching SMTP; first the ledger must say
 * that it is owed.
 */
async function payDeadLetters(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  ports: DeliveryPorts,
): Promise<Step> {
  const { facts, bounds } = delivery;
  let owing = item;
  if (item !== standing) {
    const written = await writeOver(standing, item, bounds, ports);
    if (written.kind === 'overtaken') return { standing: written.current };
    if (written.kind === 'unavailable') return later(delivery, 'ledger-unavailable', item, ports);
    owing = written.item;
  }
  if (pendingDeadLetters(owing).length > 0 || bounceOwedSince(owing) !== undefined) {
    const paid = await flushDeadLetters(owing, delivery, ports);
    if (typeof paid === 'string') return later(delivery, paid, item, ports);
    owing = paid;
  }
  if (pendingRecipients(owing, facts.recipients).length > 0) return { standing: owing };
  return carriesBounce(owing, delivery, ports)
    ? later(delivery, 'bounce-unpublished', owing, ports)
    : { done: { kind: 'delete' } };
}

async function refuseConflict({ received, facts, report }: Delivery, ports: DeliveryPorts): Promise<Disposition> {
  report({ type: 'key-conflict' });
  const message = 'another mail with this idempotency key and other content was taken in before';
  const entry = directEntry(received, { reason: 'key-conflict', key: facts.key, message }, ports.clock.now());
  try {
    await ports.deadLetters.send(entry);
  } catch (error) {
    report({ type: 'service-unavailable', service: 'dead-letter-queue', error });
    return untilEntryIsTaken(received, ports, report);
  }
  report({ type: 'dead-lettered', reason: 'key-conflict', recipients: facts.recipients.length });
  return { kind: 'delete' };
}
