import { directEntry } from '../dead-letter/entry.ts';
import type { Mail } from '../intake/mail.ts';
import { type IntakeRules, type ReadResult, readIntakeMessage } from '../intake/read.ts';
import type { MailFacts } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { waitForRelayMs } from '../retry/schedule.ts';
import { deliver } from './deliver.ts';
import type { DeliveryEventBody } from './events.ts';
import type { DeliveryPorts, Disposition, InvocationBounds, ReceivedMessage } from './ports.ts';

export interface BatchPorts extends DeliveryPorts {
  readonly rules: IntakeRules;
}

export interface Disposed {
  readonly received: ReceivedMessage;
  readonly disposition: Disposition;
}

interface Job {
  readonly received: ReceivedMessage;
  readonly mail: Mail;
  readonly stored: LedgerItem | undefined;
}

/**
 * Carries every message of a batch, several at once, and says what is to be done with each. Never rejects: whatever goes
 * wrong with one message is that message's alone. Copies of one mail run one after the other. Mails whose last owner
 * crashed run last and alone, so that what may kill the process takes nobody along.
 */
export async function deliverBatch(
  batch: readonly ReceivedMessage[],
  bounds: InvocationBounds,
  ports: BatchPorts,
): Promise<readonly Disposed[]> {
  const prepared = await Promise.all(batch.map((received) => prepare(received, ports)));
  const disposed = prepared.filter((one) => 'disposition' in one);
  const jobs = prepared.filter((one) => 'mail' in one);
  const { suspect = [], sound = [] } = Object.groupBy(jobs, ({ stored }) =>
    mayCrash(stored, ports) ? 'suspect' : 'sound',
  );
  const chains = Map.groupBy(sound, ({ mail }) => mail.key);
  const carried = await Promise.all([...chains.values()].map((chain) => carryInTurn(chain, bounds, ports)));
  return [...disposed, ...carried.flat(), ...(await carryInTurn(suspect, bounds, ports))];
}

function mayCrash(stored: LedgerItem | undefined, { clock }: DeliveryPorts): boolean {
  if (stored === undefined) return false;
  return stored.crashes > 0 || (stored.lease !== undefined && stored.lease.endsAt <= clock.now());
}

async function carryInTurn(
  jobs: readonly Job[],
  bounds: InvocationBounds,
  ports: BatchPorts,
): Promise<readonly Disposed[]> {
  const disposed: Disposed[] = [];
  let previous: Job | undefined;
  for (const job of jobs) {
    // What an earlier copy in this batch wrote is not in what was read before; presume nothing and let the claim find it.
    const stored = previous?.mail.key === job.mail.key ? undefined : job.stored;
    disposed.push({ received: job.received, disposition: await carry({ ...job, stored }, bounds, ports) });
    previous = job;
  }
  return disposed;
}

async function carry(
  { received, mail, stored }: Job,
  bounds: InvocationBounds,
  ports: BatchPorts,
): Promise<Disposition> {
  const report = (event: DeliveryEventBody): void =>
    ports.report({ key: mail.key, messageId: received.messageId, tags: mail.tags, ...event });
  try {
    return await deliver({ received, mail, facts: factsOf(mail, received), bounds, report }, stored, ports);
  } catch (error) {
    report({ type: 'unexpected', error });
    return postponed(received, ports);
  }
}

function factsOf(mail: Mail, received: ReceivedMessage): MailFacts {
  const { key, payloadHash, onUncertain, expiresAt, envelope } = mail;
  const { deadLetterId, sentAt } = received;
  return {
    key,
    payloadHash,
    onUncertain,
    recipients: envelope.to,
    enqueuedAt: sentAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(deadLetterId === undefined ? {} : { deadLetterId }),
  };
}

/** Reads the message, and the ledger when this is not the first time that SQS hands it out. */
async function prepare(received: ReceivedMessage, ports: BatchPorts): Promise<Job | Disposed> {
  const { messageId, receives, sentAt, deadLetterId } = received;
  ports.report({ key: '', messageId, type: 'received', receives, queuedMs: ports.clock.now() - sentAt });
  try {
    const read = readMessage(received, ports.rules);
    if (!read.ok) return { received, disposition: await refuse(received, read, ports) };
    const { mail } = read;
    const seenBefore = receives > 1 || deadLetterId !== undefined;
    return { received, mail, stored: seenBefore ? await ports.ledger.read(mail.key) : undefined };
  } catch (error) {
    ports.report({ key: '', messageId, type: 'unexpected', error });
    return { received, disposition: postponed(received, ports) };
  }
}

function readMessage({ body, messageId, sentAt, idempotencyKey }: ReceivedMessage, rules: IntakeRules): ReadResult {
  const attributes = idempotencyKey === undefined ? {} : { idempotencyKey };
  return readIntakeMessage({ body, messageId, sentTimestamp: sentAt, attributes }, rules);
}

/** Not readable, or not allowed: no relay and no ledger will ever see it. */
async function refuse(
  received: ReceivedMessage,
  { reason, errors, key }: Extract<ReadResult, { ok: false }>,
  ports: BatchPorts,
): Promise<Disposition> {
  const identity = { key, messageId: received.messageId };
  const entry = directEntry(received, { reason, errors, key }, ports.clock.now());
  try {
    await ports.deadLetters.send(entry);
  } catch (error) {
    ports.report({ ...identity, type: 'service-unavailable', service: 'dead-letter-queue', error });
    return postponed(received, ports);
  }
  ports.report({ ...identity, type: 'dead-lettered', reason, recipients: 0 });
  return { kind: 'delete' };
}

function postponed({ sentAt }: ReceivedMessage, { clock, random, retry }: BatchPorts): Disposition {
  const now = clock.now();
  return { kind: 'return', visibleAt: now + waitForRelayMs({ ageMs: Math.max(0, now - sentAt) }, retry, random) };
}
