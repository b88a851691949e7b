import { pendingDeadLetters, pendingRecipients } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { failPending, lateAccepted, type Settlement, settle } from '../ledger/transitions.ts';
import type { AttemptEnd } from './attempt.ts';
import { commit } from './commit.ts';
import { type Delivery, type Step, writeContext } from './delivery.ts';
import { givenUp, nextAttempt } from './plan.ts';
import type { DeliveryPorts } from './ports.ts';

type Ended = Extract<AttemptEnd, { kind: 'ended' }> & { readonly claimed: LedgerItem };

/** How long a late owner tries to record what it knows. */
const lateSettleMs = 5000;

/**
 * Records what the attempt found out, conditional on the lease. This is the write that must not be lost: it is tried
 * until the invocation's time is up.
 */
export async function settleAttempt(
  delivery: Delivery,
  before: LedgerItem,
  end: Ended,
  ports: DeliveryPorts,
): Promise<Step> {
  const { facts, received, bounds, report } = delivery;
  const { progress, claimed, outOfTime, reopensAt } = end;
  const { charged } = progress;
  const now = ports.clock.now();
  const { receives } = received;
  const input = { item: before, charged, outOfTime: outOfTime && !charged, receives, now, random: ports.random };
  const nextAttemptAt = nextAttempt({ ...input, ...(reopensAt === undefined ? {} : { reopensAt }) }, ports.retry);
  const settlement: Settlement = {
    outcomes: progress.outcomes,
    charged,
    nextAttemptAt,
    ...(progress.stayOn === undefined ? {} : { stayOn: progress.stayOn }),
  };
  const owned = (found: LedgerItem | undefined): LedgerItem | undefined => {
    // An item that was deleted under us is written anew: what the relay said is known here and nowhere else.
    const standing = found ?? claimed;
    if (standing.lease?.owner !== claimed.lease?.owner) return undefined;
    const settled = settle(standing, facts, settlement, writeContext(ports));
    const limit = givenUp(settled, facts, receives, now, ports.retry);
    return limit === undefined ? settled : failPending(settled, facts, limit, writeContext(ports));
  };
  const written = await commit(ports, claimed, owned, bounds.settleDeadline);
  report({ type: 'step', step: 'settle', durationMs: ports.clock.now() - now });
  if (written.kind === 'overtaken') return settleLate(delivery, written.current, end, ports);
  if (written.kind === 'unavailable') return unrecorded(delivery, before, settlement, end, written.error, ports);
  const { item } = written;
  reportSettled(delivery, before, item, ports);
  if (pendingDeadLetters(item).length > 0) return { standing: item };
  if (item.state === 'settled') return { done: { kind: 'delete' } };
  return { done: { kind: 'return', visibleAt: item.nextAttemptAt ?? nextAttemptAt } };
}

function reportSettled(
  { facts, report }: Delivery,
  before: LedgerItem,
  item: LedgerItem,
  { clock }: DeliveryPorts,
): void {
  const { attempts } = item;
  const pending = pendingRecipients(item, facts.recipients).length;
  if (pending > 0) {
    report({ type: 'deferred', recipients: pending, attempts, visibleAt: item.nextAttemptAt ?? clock.now() });
    return;
  }
  const accepted = facts.recipients.filter((address) => item.recipients[address]?.status === 'accepted').length;
  if (accepted > 0) {
    report({ type: 'delivered', recipients: accepted, attempts, ageMs: clock.now() - before.firstSeenAt });
  }
}

/** The lease was lost. What was accepted is final all the same, whoever holds the mail now. */
async function settleLate(
  { facts, bounds, report }: Delivery,
  current: LedgerItem | undefined,
  { progress }: Ended,
  ports: DeliveryPorts,
): Promise<Step> {
  const accepted = [...progress.outcomes.values()].filter(({ status }) => status === 'accepted').length;
  report({ type: 'late-settle', accepted });
  if (accepted === 0 || current === undefined) return { standing: current };
  const until = Math.min(bounds.settleDeadline, ports.clock.now() + lateSettleMs);
  const merged = await commit(
    ports,
    current,
    (standing) =>
      standing === undefined ? undefined : lateAccepted(standing, facts, progress.outcomes, writeContext(ports)),
    until,
  );
  return merged.kind === 'written' ? { standing: merged.item } : { done: { kind: 'return' } };
}

/**
 * The ledger stayed away after the relay had answered. Accepted by everybody who still waited: delivered, and acknowledged,
 * because a mail that SQS would hand out again is worse than a gap in the ledger. Otherwise the message comes back when the
 * lease has ended, and the next owner counts a crash.
 */
function unrecorded(
  delivery: Delivery,
  before: LedgerItem,
  settlement: Settlement,
  { claimed }: Ended,
  error: unknown,
  ports: DeliveryPorts,
): Step {
  const { facts, bounds, report } = delivery;
  const acknowledged = pendingRecipients(before, facts.recipients).every(
    (address) => settlement.outcomes.get(address)?.status === 'accepted',
  );
  report({ type: 'settle-failed', acknowledged, error });
  if (!acknowledged) return { done: { kind: 'return', visibleAt: bounds.leaseEndsAt } };
  reportSettled(delivery, before, settle(claimed, facts, settlement, writeContext(ports)), ports);
  return { done: { kind: 'delete' } };
}
