import type { BounceSettings } from '../contracts/sender-environment.ts';
import { pendingRecipients } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import type { Notice } from './recipients.ts';

export interface Lateness {
  /** As the ledger holds it, or as new when it holds nothing. */
  readonly item: LedgerItem;
  readonly recipients: readonly string[];
  readonly now: number;
  readonly maxAgeSeconds: number;
}

/**
 * The delay notice that is due now, or undefined. To be published before an attempt, not after it: then the stored item
 * stays as it is until the notice is out, and a repeat after a crash has the same content.
 */
export function dueDelayNotice(
  { item, recipients, now, maxAgeSeconds }: Lateness,
  { delayNoticeSeconds }: BounceSettings,
): Extract<Notice, { kind: 'delayed' }> | undefined {
  if (item.delayNoticeAt !== undefined || now < item.firstSeenAt + delayNoticeSeconds * 1000) return undefined;
  if (pendingRecipients(item, recipients).length === 0) return undefined;
  const retryUntil = Math.min(item.firstSeenAt + maxAgeSeconds * 1000, item.mailExpiresAt ?? Number.POSITIVE_INFINITY);
  // About to be given up: the bounce says so.
  return retryUntil <= now ? undefined : { kind: 'delayed', retryUntil };
}
