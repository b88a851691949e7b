import { directEntry } from '../dead-letter/entry.ts';
import { describeError } from '../telemetry/log-error.ts';
import type { BatchPorts } from './batch.ts';
import type { Disposition, ReceivedMessage } from './ports.ts';

const dayMs = 24 * 3600 * 1000;
/** SQS deletes a message at 14 days without a word; this is well before. */
const longestMs = 13 * dayMs;
/** SQS moves a message by itself, and without a reason, at 1000. */
const maxReceives = 900;

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
  const now = ports.clock.now();
  const overdue = now - received.sentAt >= Math.min(ports.retry.maxAgeSeconds * 1000 + dayMs, longestMs);
  if (!overdue && received.receives < maxReceives) return disposition;
  const { name, message } = describeError(disposition.error);
  const failure = {
    reason: 'uncertain',
    message: `given up after ${received.receives} receives that ended in an error, the last: ${name}: ${message}`,
    ...(key === undefined ? {} : { key }),
  } as const;
  const identity = { key: key ?? '', messageId: received.messageId };
  try {
    await ports.deadLetters.send(directEntry(received, failure, now));
  } catch (error) {
    ports.report({ ...identity, type: 'service-unavailable', service: 'dead-letter-queue', error });
    return disposition;
  }
  ports.report({ ...identity, type: 'dead-lettered', reason: 'uncertain', recipients: 0 });
  return { kind: 'delete' };
}
