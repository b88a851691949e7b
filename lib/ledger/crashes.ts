import { doubtsOf, type MailFacts, pendingRecipients, type RecipientOutcomes, type WriteContext } from './facts.ts';
import type { LedgerItem } from './item.ts';
import { recordOutcomes } from './record.ts';
import { stamped, withoutLease } from './stamp.ts';
import { failPending } from './transitions.ts';

/** Sends and builds that die without an outcome before the mail is given up as poison. */
export const crashLimit = 5;

/** The lease ended and its owner never said what happened: the relay may have taken the mail. */
export function crashed(item: LedgerItem, facts: MailFacts, context: WriteContext): LedgerItem {
  const { lease } = item;
  if (lease === undefined) return item;
  const hold = facts.onUncertain === 'hold';
  const doubtful = pendingRecipients(item, facts.recipients).filter((address) => lease.inFlight.includes(address));
  const outcomes: RecipientOutcomes = new Map(
    doubtful.map((address) => [
      address,
      hold
        ? { status: 'failed', reason: 'uncertain', relay: lease.relay, doubts: doubtsOf(item, address) + 1 }
        : { status: 'pending', relay: lease.relay },
    ]),
  );
  const message = 'the sender stopped before it could record what the relay answered';
  const recorded = withoutLease(cutShort(recordOutcomes(item, outcomes, context, message), doubtful));
  const { crashes, buildCrashes = 0 } = item;
  const sending = lease.inFlight.length > 0;
  const trace = sending ? { lastRelay: lease.relay, stayOnRelay: true } : { buildCrashes: buildCrashes + 1 };
  const counted = { ...recorded, crashes: crashes + 1, ...trace };
  if (pendingRecipients(counted, facts.recipients).length === 0) {
    return stamped({ ...counted, state: 'settled' }, context);
  }
  if (counted.crashes < crashLimit) {
    return stamped({ ...counted, state: 'waiting', nextAttemptAt: context.now }, context);
  }
  const poison = {
    reason: 'poison',
    message: `the sender stopped ${counted.crashes} times while it worked on the mail`,
  } as const;
  return failPending(counted, facts, poison, context);
}

/** Notes whose send was in flight: each of them may have the mail. */
function cutShort(item: LedgerItem, addresses: readonly string[]): LedgerItem {
  const recipients = Object.entries(item.recipients).map(([address, record]) => [
    address,
    addresses.includes(address) ? { ...record, crashes: (record.crashes ?? 0) + 1 } : record,
  ]);
  return { ...item, recipients: Object.fromEntries(recipients) };
}
