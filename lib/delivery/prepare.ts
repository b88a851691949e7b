import type { Mail } from '../intake/mail.ts';
import { type IntakeRules, type ReadResult, readIntakeMessage } from '../intake/read.ts';
import type { LedgerItem } from '../ledger/item.ts';
import type { BatchPorts, Disposed } from './batch.ts';
import { deadLetterDirectly } from './direct-dead-letter.ts';
import { unlessOverdue, unlessUnanswered } from './overdue.ts';
import type { ReceivedMessage } from './ports.ts';
import { postponed, untilEntryIsTaken } from './postponed.ts';

/** A readable mail, and what the ledger is known to hold of it. */
export interface Job {
  readonly received: ReceivedMessage;
  readonly mail: Mail;
  readonly stored: LedgerItem | undefined;
}

/** A message that will never be a mail. */
export interface Refusal {
  readonly received: ReceivedMessage;
  readonly refused: Extract<ReadResult, { ok: false }>;
}

/** Reads the message, and the ledger when this is not the first time that SQS hands it out. */
export async function prepare(received: ReceivedMessage, ports: BatchPorts): Promise<Job | Refusal | Disposed> {
  const { messageId, receives, deadLetterId } = received;
  ports.report({ key: '', messageId, type: 'received' });
  const unanswered = await unlessUnanswered(received, ports);
  if (unanswered !== undefined) return { received, disposition: unanswered };
  try {
    const read = readMessage(received, ports.rules);
    if (!read.ok) return { received, refused: read };
    const { mail } = read;
    const seenBefore = receives > 1 || deadLetterId !== undefined;
    return seenBefore ? await lookUp(received, mail, ports) : { received, mail, stored: undefined };
  } catch (error) {
    const postponement = { ...postponed(received, ports), error };
    ports.report({ key: '', messageId, type: 'unexpected', error });
    ports.report({ key: '', messageId, type: 'waiting', why: 'unexpected-error', visibleAt: postponement.visibleAt });
    return { received, disposition: await unlessOverdue(received, undefined, postponement, ports) };
  }
}

async function lookUp(received: ReceivedMessage, mail: Mail, ports: BatchPorts): Promise<Job | Disposed> {
  try {
    return { received, mail, stored: await ports.ledger.read(mail.key) };
  } catch (error) {
    const identity = { key: mail.key, messageId: received.messageId, tags: mail.tags };
    const { visibleAt } = postponed(received, ports);
    ports.report({ ...identity, type: 'service-unavailable', service: 'ledger', error });
    ports.report({ ...identity, type: 'waiting', why: 'ledger-unavailable', visibleAt });
    const disposition = await unlessOverdue(received, mail.key, { kind: 'return', visibleAt, error }, ports);
    return { received, disposition };
  }
}

function readMessage({ body, messageId, sentAt, idempotencyKey }: ReceivedMessage, rules: IntakeRules): ReadResult {
  const attributes = idempotencyKey === undefined ? {} : { idempotencyKey };
  return readIntakeMessage({ body, messageId, sentTimestamp: sentAt, attributes }, rules);
}

/** Not readable, or not allowed: no relay and no ledger will ever see it. */
export async function refuse({ received, refused }: Refusal, ports: BatchPorts): Promise<Disposed> {
  const { reason, errors, key } = refused;
  if (await deadLetterDirectly(received, { reason, errors, key }, ports)) {
    return { received, disposition: { kind: 'delete' } };
  }
  const { messageId } = received;
  const disposition = untilEntryIsTaken(received, ports, (event) => ports.report({ key, messageId, ...event }));
  return { received, disposition };
}
