import { dueDelayNotice } from '../bounce/delay.ts';
import { readBounce } from '../bounce/read-bounce.ts';
import type { Notice } from '../bounce/recipients.ts';
import type { LedgerItem } from '../ledger/item.ts';
import type { Delivery } from './delivery.ts';
import type { DeliveryPorts } from './ports.ts';

/** Tells the mail's sender. False when a service failed: it must be told later. */
export async function notifySender(
  { mail, bounds, report }: Delivery,
  item: LedgerItem,
  notice: Notice,
  { bounces }: DeliveryPorts,
): Promise<boolean> {
  if (bounces === undefined) return true;
  try {
    const result = await bounces.publish({ mail, item, notice, deadline: bounds.settleDeadline });
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
export function owedDelayNotice(
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
