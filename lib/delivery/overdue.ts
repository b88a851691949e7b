import { describeError } from '../telemetry/log-error.ts';
import type { BatchPorts } from './batch.ts';
import { deadLetterDirectly } from './direct-dead-letter.ts';
import type { Disposition, ReceivedMessage } from './ports.ts';
import { untilEntryIsTaken } from './postponed.ts';
import { manyReceives } from './suspect.ts';

const dayMs = 24 * 3600 * 1000;
/** SQS deletes a message at 14 days without a word; this is well before. */
export const longestMs = 13 * dayMs;
/** SQS moves a message by itself, and without a reason, at 1000. */
const maxReceives = 900;

/** Past the limits above by so much that whoever should have acted on them cannot have lived to do it. */
const unansweredMs = 13.5 * dayMs;
const unansweredReceives = 950;

/**
 * What is to become of a message whose receives all ended without an answer: each of them took the sender along, or its
 * answer was lost. Undefined: it is to be worked on. Asked before anybody touches the body, because that may be what ends
 * the sender; and by age too, as the receives that SQS allows may last longer than the 14 days that it keeps a message. Age
 * alone says nothing: what lay that long in a queue that nobody read is worked on, and given up for its own reason.
 */
export async function unlessUnanswered(received: ReceivedMessage, ports: BatchPorts): Promise<Disposition | undefined> {
  const { receives, sentAt, idempotencyKey } = received;
  const ageMs = ports.clock.now() - sentAt;
  const lastDays = ageMs >= unansweredMs && receives >= manyReceives;
  if (receives < unansweredReceives && !lastDays) return undefined;
  const message =
    `given up unread after ${receives} receives in ${(ageMs / dayMs).toFixed(1)} days: none of them brought it to an end, ` +
    'as when the sender runs out of memory or time while it reads or builds the mail';
  const key = idempotencyKey === undefined ? {} : { key: idempotencyKey };
  if (await deadLetterDirectly(received, { reason: 'poison', message, ...key }, ports)) return { kind: 'delete' };
  const identity = { key: '', ...key, messageId: received.messageId };
  return untilEntryIsTaken(received, ports, (event) => ports.report({ ...identity, ...event }));
}

/**
 * A message that only ever meets errors (an unreadable ledger item, a bug) has nobody who counts its age. A day after the
 * time in which it should have been delivered it goes to the dead-letter queue with the error, as `uncertain`: nobody
 * can say what became of it before.
 */
export async function unlessOverdue(
  received: ReceivedMessage,
  key: string | undefined,
  disposition: Disposition,
  ports: BatchPorts,
): Promise<Disposition> {
  if (disposition.kind !== 'return' || disposition.error === undefined) return disposition;
  const ageMs = ports.clock.now() - received.sentAt;
  const overdue = ageMs >= Math.min(ports.retry.maxAgeSeconds * 1000 + dayMs, longestMs);
  if (!overdue && received.receives < maxReceives) return disposition;
  const { name, message } = describeError(disposition.error);
  const failure = {
    reason: 'uncertain',
    message: `given up after ${received.receives} receives that ended in an error, the last: ${name}: ${message}`,
    ...(key === undefined ? {} : { key }),
  } as const;
  return (await deadLetterDirectly(received, failure, ports)) ? { kind: 'delete' } : disposition;
}
