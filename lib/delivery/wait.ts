import type { LedgerItem } from '../ledger/item.ts';
import { failPending } from '../ledger/transitions.ts';
import { answered, waitsOn } from '../ledger/waits.ts';
import { commit } from './commit.ts';
import { type Delivery, type Step, writeContext } from './delivery.ts';
import type { WaitReason } from './events.ts';
import { givenUp, nextAttempt } from './plan.ts';
import type { DeliveryPorts, InvocationBounds } from './ports.ts';
import { nearlySuspect, waitsOf } from './suspect.ts';

/** Waits are not charged, but they end: by the mail's age, its expiry, or its receives. */
export async function waitOrGiveUp(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  why: WaitReason,
  ports: DeliveryPorts,
  reopensAt?: number,
): Promise<Step> {
  const { facts, received } = delivery;
  const limit = givenUp(item, facts, received.receives, ports.clock.now(), ports.retry);
  if (limit !== undefined) return giveUp(delivery, standing, item, limit, ports);
  const step = later(delivery, why, item, ports, reopensAt);
  await noteWait(delivery, standing, item, step, ports);
  return step;
}

/** A wait that goes on for longer than this after its date is written down. */
const silentWaitMs = 15 * 60_000;

/**
 * Waits are not written, or a relay that is down would cost writes. But a mail whose date has passed long ago looks
 * forgotten to the audit, and one that nobody has a record of cannot be missed: so the ledger learns the new date, in one
 * write for each wait of a quarter of an hour or more, counted from when the mail was enqueued where the ledger does not
 * know it yet; and before its receives make a suspect of it. When it fails nothing is lost but a false alarm, or the record
 * until the next wait.
 */
async function noteWait(
  { facts, received }: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  step: Step,
  ports: DeliveryPorts,
): Promise<void> {
  const until = 'done' in step && step.done.kind === 'return' ? step.done.visibleAt : undefined;
  if (until === undefined || item.state !== 'waiting') return;
  const isLong = until - knownDate(standing ?? item) > silentWaitMs;
  if (!isLong && !nearlySuspect(received, item)) return;
  const counted = answered(item, waitsOf(received, item), writeContext(ports));
  const next = isLong ? waitsOn(counted, facts, until, writeContext(ports)) : counted;
  await ports.ledger.write(next, standing, ports.clock.now() + 2000).catch(() => undefined);
}

/** By when the ledger, or whoever enqueued the mail, lets one expect that something happens. */
function knownDate({ state, lease, nextAttemptAt, firstSeenAt }: LedgerItem): number {
  return (state === 'sending' ? lease?.endsAt : nextAttemptAt) ?? firstSeenAt;
}

/** Waits in which nobody counts the mail's age. */
const stuckFor: Partial<Record<WaitReason, string>> = {
  'ledger-unavailable': 'the ledger could not be read or written',
  'dead-letter-queue': 'the dead-letter queue took no entry',
};

/** Nothing is charged and nothing written: the message comes back. */
export function later(
  { received, report }: Delivery,
  why: WaitReason,
  item: LedgerItem,
  ports: DeliveryPorts,
  reopensAt?: number,
): Step {
  const visibleAt = nextAttempt(
    {
      item,
      charged: false,
      outOfTime: why === 'no-time',
      receives: received.receives,
      now: ports.clock.now(),
      random: ports.random,
      ...(reopensAt === undefined ? {} : { reopensAt }),
    },
    ports.retry,
  );
  report({ type: 'waiting', why, visibleAt });
  const stuck = stuckFor[why];
  return { done: { kind: 'return', visibleAt, ...(stuck === undefined ? {} : { error: new Error(stuck) }) } };
}

/** Gives up every pending recipient without asking a relay. The dead letters are paid in the next round. */
export async function giveUp(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  failure: Parameters<typeof failPending>[2],
  ports: DeliveryPorts,
): Promise<Step> {
  const failed = failPending(item, delivery.facts, failure, writeContext(ports));
  return advance(delivery, standing, failed, ports);
}

/** Writes `next` over what stands in the ledger, and goes on from what stands there then. */
export async function advance(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  next: LedgerItem,
  ports: DeliveryPorts,
): Promise<Step> {
  const written = await writeOver(standing, next, delivery.bounds, ports);
  if (written.kind === 'written') return { standing: written.item };
  if (written.kind === 'overtaken') return { standing: written.current };
  return later(delivery, 'ledger-unavailable', next, ports);
}

/** Writes `next`, unless somebody else wrote meanwhile. */
export function writeOver(
  standing: LedgerItem | undefined,
  next: LedgerItem,
  bounds: InvocationBounds,
  ports: DeliveryPorts,
): ReturnType<typeof commit> {
  const unchanged = (found: LedgerItem | undefined): LedgerItem | undefined =>
    found?.writeId === standing?.writeId ? next : undefined;
  return commit(ports, standing, unchanged, Math.min(bounds.settleDeadline, ports.clock.now() + 5000));
}
