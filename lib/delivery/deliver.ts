import type { Notice } from '../bounce/recipients.ts';
import { directEntry } from '../dead-letter/entry.ts';
import type { Mail } from '../intake/mail.ts';
import { type MailFacts, pendingDeadLetters, pendingRecipients, type WriteContext } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { type Opening, open } from '../ledger/open.ts';
import { delayNoticed, failPending, waitsOn } from '../ledger/transitions.ts';
import { attempt } from './attempt.ts';
import { checkReturnPath, notifySender, owedDelayNotice } from './bounces.ts';
import { commit } from './commit.ts';
import type { DeliveryEventBody, WaitReason } from './events.ts';
import { flushDeadLetters } from './flush.ts';
import { givenUp, isExpired, nextAttempt } from './plan.ts';
import type { DeliveryPorts, Disposition, InvocationBounds, ReceivedMessage } from './ports.ts';
import { settleAttempt } from './settle.ts';

/** Everything one receive of one mail needs to know. */
export interface Delivery {
  readonly received: ReceivedMessage;
  readonly mail: Mail;
  readonly facts: MailFacts;
  readonly bounds: InvocationBounds;
  readonly report: (event: DeliveryEventBody) => void;
}

/** Done with this receive, or look again at what stands in the ledger now. */
export type Step = { readonly done: Disposition } | { readonly standing: LedgerItem | undefined };

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

export function writeContext(ports: DeliveryPorts): WriteContext {
  return { now: ports.clock.now(), newId: ports.newId };
}

async function proceed(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  { item, crashed, reopened }: Proceeding,
  ports: DeliveryPorts,
): Promise<Step> {
  const { facts, report } = delivery;
  if (crashed) report({ type: 'crash-seen', crashes: item.crashes });
  if (reopened && facts.deadLetterId !== undefined) report({ type: 'reopened', deadLetterId: facts.deadLetterId });
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
  const lateness = owedDelayNotice(delivery, standing, item, ports);
  if (lateness !== undefined) return noticeDelay(delivery, standing, item, lateness, ports);
  return tryRelays(delivery, standing, item, ports);
}

/** Tells the sender that the mail is late, and records it before the next attempt, so that it is told once. */
async function noticeDelay(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  notice: Notice,
  ports: DeliveryPorts,
): Promise<Step> {
  if (!(await notifySender(delivery, item, notice, ports))) return later(delivery, 'bounce-unpublished', item, ports);
  const written = await writeOver(standing, delayNoticed(item, writeContext(ports)), delivery.bounds, ports);
  if (written.kind === 'written') return { standing: written.item };
  if (written.kind === 'overtaken') return { standing: written.current };
  return later(delivery, 'ledger-unavailable', item, ports);
}

function expiredMessage({ mailExpiresAt = 0 }: LedgerItem): string {
  return `the mail expired at ${new Date(mailExpiresAt).toISOString()} before every recipient had it`;
}

/** What is owed to the dead-letter queue goes there without touching SMTP; first the ledger must say that it is owed. */
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
  if (pendingDeadLetters(owing).length > 0) {
    const paid = await flushDeadLetters(owing, delivery, ports);
    if (paid === undefined) return later(delivery, 'ledger-unavailable', item, ports);
    owing = paid;
  }
  return pendingRecipients(owing, facts.recipients).length === 0 ? { done: { kind: 'delete' } } : { standing: owing };
}

/** Gives up every pending recipient without asking a relay. The dead letters are paid in the next round. */
async function giveUp(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  failure: Parameters<typeof failPending>[2],
  ports: DeliveryPorts,
): Promise<Step> {
  const failed = failPending(item, delivery.facts, failure, writeContext(ports));
  const written = await writeOver(standing, failed, delivery.bounds, ports);
  if (written.kind === 'written') return { standing: written.item };
  if (written.kind === 'overtaken') return { standing: written.current };
  return later(delivery, 'ledger-unavailable', item, ports);
}

function writeOver(
  standing: LedgerItem | undefined,
  next: LedgerItem,
  bounds: InvocationBounds,
  ports: DeliveryPorts,
): ReturnType<typeof commit> {
  const unchanged = (found: LedgerItem | undefined): LedgerItem | undefined =>
    found?.writeId === standing?.writeId ? next : undefined;
  return commit(ports, standing, unchanged, Math.min(bounds.settleDeadline, ports.clock.now() + 5000));
}

async function tryRelays(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  ports: DeliveryPorts,
): Promise<Step> {
  const { mail, received } = delivery;
  const bytes = estimatedBytes(mail, received.body.length, ports.maxMessageBytes);
  return ports.holding(bytes, () => buildAndSend(delivery, standing, item, ports));
}

/** A composed mail stands in memory as body, as parsed fields and as built message; an S3 object may be of any size. */
function estimatedBytes({ content }: Mail, bodyBytes: number, maxMessageBytes: number): number {
  const sources = content.kind === 'raw' ? [content.source] : content.fields.attachments.map(({ source }) => source);
  return 3 * bodyBytes + (sources.some(({ kind }) => kind === 's3') ? 2 * maxMessageBytes : 0);
}

async function buildAndSend(
  delivery: Delivery,
  standing: LedgerItem | undefined,
  item: LedgerItem,
  ports: DeliveryPorts,
): Promise<Step> {
  const { mail, facts, bounds, report } = delivery;
  const built = await ports.build(mail, { date: item.firstSeenAt, deadline: bounds.sendDeadline });
  if (!built.ok) {
    if (built.reason === 'retry') return waitOrGiveUp(delivery, standing, item, 'content-unavailable', ports);
    return giveUp(delivery, standing, item, { reason: built.reason, message: ruleText(built.detail) }, ports);
  }
  const end = await attempt(
    { mail, facts, stored: standing, opened: item, bounds, message: built.message, report },
    ports,
  );
  if (end.kind === 'conflict') return { standing: end.current };
  if (end.kind === 'unclaimed') {
    report({ type: 'service-unavailable', service: 'ledger', error: end.error });
    return later(delivery, 'ledger-unavailable', item, ports);
  }
  if (end.claimed !== undefined) return settleAttempt(delivery, item, { ...end, claimed: end.claimed }, ports);
  if (end.outOfTime) return waitOrGiveUp(delivery, standing, item, 'no-time', ports);
  return waitOrGiveUp(delivery, standing, item, 'no-relay', ports, end.reopensAt);
}

/** Waits are not charged, but they end: by the mail's age, its expiry, or its receives. */
async function waitOrGiveUp(
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
  await noteWait(standing, item, step, ports);
  return step;
}

/** A wait that goes on for longer than this after its date is written down. */
const silentWaitMs = 15 * 60_000;

/**
 * Waits are not written, or a relay that is down would cost writes. But a mail whose date has passed long ago looks
 * forgotten to the audit, so the ledger learns the new date: one write for each wait of a quarter of an hour or more. When
 * it fails nothing is lost but a false alarm.
 */
async function noteWait(
  standing: LedgerItem | undefined,
  item: LedgerItem,
  step: Step,
  ports: DeliveryPorts,
): Promise<void> {
  const until = 'done' in step && step.done.kind === 'return' ? step.done.visibleAt : undefined;
  if (standing === undefined || until === undefined || item.state !== 'waiting') return;
  const known = standing.state === 'sending' ? (standing.lease?.endsAt ?? 0) : (standing.nextAttemptAt ?? 0);
  if (until - known <= silentWaitMs) return;
  const next = waitsOn(item, until, writeContext(ports));
  await ports.ledger.write(next, standing, ports.clock.now() + 2000).catch(() => undefined);
}

function ruleText({ field, rule }: { readonly field: string; readonly rule: string }): string {
  return `${field}: ${rule}`;
}

/** Nothing is charged and nothing written: the message comes back. */
function later(
  { report }: Delivery,
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
      now: ports.clock.now(),
      random: ports.random,
      ...(reopensAt === undefined ? {} : { reopensAt }),
    },
    ports.retry,
  );
  report({ type: 'waiting', why, visibleAt });
  return { done: { kind: 'return', visibleAt } };
}

async function refuseConflict({ received, facts, report }: Delivery, ports: DeliveryPorts): Promise<Disposition> {
  report({ type: 'key-conflict' });
  const message = 'another mail with this idempotency key and other content was taken in before';
  const entry = directEntry(received, { reason: 'key-conflict', key: facts.key, message }, ports.clock.now());
  try {
    await ports.deadLetters.send(entry);
  } catch (error) {
    report({ type: 'service-unavailable', service: 'dead-letter-queue', error });
    return { kind: 'return' };
  }
  report({ type: 'dead-lettered', reason: 'key-conflict', recipients: facts.recipients.length });
  return { kind: 'delete' };
}
