import { dueDelayNotice } from '../bounce/delay.ts';
import { readBounce } from '../bounce/read-bounce.ts';
import type { Notice } from '../bounce/recipients.ts';
import { deadLettersWritten } from '../ledger/dead-letters.ts';
import { bounceOwedSince, untoldFailures } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { delayNoticed } from '../ledger/waits.ts';
import { exhausted } from '../retry/schedule.ts';
import { type Delivery, writeContext } from './delivery.ts';
import { longestMs } from './overdue.ts';
import type { DeliveryPorts } from './ports.ts';

/** All that a mail may wait for its bounces in one receive. */
const patienceMs = 5000;
/** Kept back for the entry and for the record that it is paid, when SQS or DynamoDB is slow as well. */
const entryReserveMs = 10_000;

/**
 * Tells the mail's sender of the failures that he was not told of. Returns those that he knows of now, or must not be told
 * of, as dead-letter ids. Takes five seconds at most: what is not told by then stays owed.
 */
export async function tellOfFailures(
  item: LedgerItem,
  delivery: Delivery,
  ports: DeliveryPorts,
): Promise<readonly string[]> {
  const told: string[] = [];
  const deadline = lastWord(delivery, ports);
  for (const deadLetterIds of untoldFailures(item)) {
    if (await tell(delivery, item, { kind: 'failed', deadLetterIds }, deadline, ports)) told.push(...deadLetterIds);
  }
  return told;
}

/**
 * Tells the mail's sender what he is owed while recipients still wait: bounces that could not be published before, and the
 * delay notice. Returns the item that records it, before the next attempt; undefined when there is nothing to record.
 * Never holds up the mail: what cannot be published stays owed.
 */
export async function tellWhileWaiting(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  ports: DeliveryPorts,
): Promise<LedgerItem | undefined> {
  const context = writeContext(ports);
  const told = await tellOfFailures(item, delivery, ports);
  const known = told.length === 0 ? item : deadLettersWritten(item, [], context, told);
  const lateness = owedDelayNotice(delivery, standing, item, ports);
  if (lateness !== undefined && (await tell(delivery, item, lateness, lastWord(delivery, ports), ports))) {
    return delayNoticed(known, delivery.facts, context);
  }
  return told.length === 0 ? undefined : known;
}

/**
 * Whether this message goes on carrying a bounce that is owed: within the limits of a mail, counted from its failure, and
 * within what SQS keeps of the message's own life.
 */
export function carriesBounce(item: LedgerItem, { received }: Delivery, { clock, retry }: DeliveryPorts): boolean {
  const firstSeenAt = bounceOwedSince(item);
  if (firstSeenAt === undefined || clock.now() >= received.sentAt + longestMs) return false;
  return exhausted({ attempts: 0, firstSeenAt, receives: received.receives, now: clock.now() }, retry) === undefined;
}

/** Until when a bounce may hold up what comes after it, ms since the epoch. */
function lastWord({ bounds }: Delivery, { clock }: DeliveryPorts): number {
  return Math.min(bounds.settleDeadline - entryReserveMs, clock.now() + patienceMs);
}

/** False when a service failed, or time is up: the sender must be told later. */
async function tell(
  { mail, report }: Delivery,
  item: LedgerItem,
  notice: Notice,
  deadline: number,
  { bounces, clock }: DeliveryPorts,
): Promise<boolean> {
  if (bounces === undefined) return true;
  if (clock.now() >= deadline) return false;
  try {
    const result = await bounces.publish({ mail, item, notice, deadline });
    if (result.kind === 'postponed') {
      report({ type: 'content-unavailable', error: result.error });
      return false;
    }
    report({ type: 'bounce', notice: notice.kind, result });
    return true;
  } catch (error) {
    report({ type: 'service-unavailable', service: 'intake-queue', error });
    return false;
  }
}

/**
 * The delay notice that this mail's sender is owed now. Only about what the ledger holds: an item that still has to be
 * written (after a crash or a redrive), or that is only presumed absent, could read otherwise the next time.
 */
function owedDelayNotice(
  { facts, received }: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  { bounces, clock, retry }: DeliveryPorts,
): Notice | undefined {
  const known = item === standing || (standing === undefined && received.receives > 1);
  if (bounces === undefined || !known) return undefined;
  const { recipients } = facts;
  return dueDelayNotice({ item, recipients, now: clock.now(), maxAgeSeconds: retry.maxAgeSeconds }, bounces.settings);
}

/** Whether the return path of a bounce takes mail. `valid` for everything that is no bounce. */
export async function checkReturnPath(
  { mail }: Delivery,
  { bounces }: DeliveryPorts,
): Promise<{ readonly kind: 'valid' | 'unknown' } | { readonly kind: 'invalid'; readonly message: string }> {
  const bounce = readBounce(mail);
  if (bounce === undefined || bounces === undefined) return { kind: 'valid' };
  const verdict = await bounces.checkReturnPath(bounce.returnPathDomain);
  if (verdict.kind !== 'invalid') return { kind: verdict.kind };
  return { kind: 'invalid', message: `the return path's domain ${verdict.reason}` };
}
