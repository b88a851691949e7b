import { deadLetterMetrics, type StageValues } from '../contracts/metrics.ts';
import type { Disposed } from '../delivery/batch.ts';
import type { DeliveryEvent, FailedAttempt, WaitReason } from '../delivery/events.ts';
import type { Telemetry } from './telemetry.ts';

const stepMetrics = { choose: 'ChooseDuration', claim: 'ClaimDuration', settle: 'SettleDuration' } as const;

/**
 * Waits that say nothing of whether mail goes out. A copy beside the one that carries the mail on wants for nothing, however
 * often its publisher sends another; and of what only waits for its dead letter no relay is asked any more.
 */
const inHand: ReadonlySet<WaitReason> = new Set(['early', 'in-flight', 'dead-letter-queue']);

/** Counts what happened to a mail. */
export function measureDelivery(event: DeliveryEvent, telemetry: Telemetry): void {
  switch (event.type) {
    case 'received':
      telemetry.count('MessagesReceived');
      return;
    case 'first-attempt':
      telemetry.record('QueueWaitDuration', event.waitedMs);
      return;
    case 'step':
      telemetry.record(stepMetrics[event.step], event.durationMs);
      return;
    case 'attempt':
      measureAttempt(event, telemetry);
      return;
    case 'duplicate':
      telemetry.count('DuplicatesSuppressed');
      return;
    case 'waiting':
      if (!inHand.has(event.why)) telemetry.count('MessagesWaiting');
      if (event.why === 'ledger-unavailable') telemetry.count('LedgerUnavailable');
      return;
    case 'crash-seen':
      telemetry.count('CrashesSeen');
      return;
    case 'delivered':
      telemetry.count('MessagesDelivered');
      telemetry.record('AttemptsPerDelivery', event.attempts);
      return;
    case 'deferred':
      telemetry.count('MessagesDeferred');
      return;
    case 'dead-lettered':
      telemetry.count(deadLetterMetrics[event.reason]);
      return;
    case 'bounce':
      if (event.result.kind === 'published') telemetry.count('BouncesPublished');
      return;
    case 'service-unavailable':
      if (event.service === 'dead-letter-queue') telemetry.count('DeadLetterQueueFailures');
      return;
    case 'settle-failed':
      telemetry.count('LedgerSettleFailures');
      return;
    default:
      return;
  }
}

/** Records how long the oldest mail waits that goes back to the queue. Nothing when none does. */
export function measureOldest(disposed: readonly Disposed[], now: number, telemetry: Pick<Telemetry, 'record'>): void {
  const ages = disposed
    .filter(({ disposition }) => disposition.kind === 'return')
    .map(({ received }) => now - received.sentAt);
  if (ages.length > 0) telemetry.record('OldestUndeliveredAge', Math.max(...ages) / 1000);
}

type Attempt = Extract<DeliveryEvent, { type: 'attempt' }>;

function measureAttempt({ relay, accepted, failed, durationMs, timings }: Attempt, telemetry: Telemetry): void {
  // Where the session died or nothing was said, nobody refused anything.
  const refused = failed.filter(({ failure }) => failure.reply !== undefined);
  const deferred = refused.filter(({ classification }) => !classification.permanent).length;
  if (accepted.length > 0) telemetry.count('RecipientsAccepted', relay, accepted.length);
  if (deferred > 0) telemetry.count('RecipientsDeferred', relay, deferred);
  if (refused.length > deferred) telemetry.count('RecipientsRefused', relay, refused.length - deferred);
  if (failed.some(({ classification }) => classification.scope === 'uncertain')) telemetry.count('MessagesUncertain');
  telemetry.record(durationMetric(accepted.length, failed), durationMs);
  if (timings.envelopeMs !== undefined) telemetry.record('EnvelopeDuration', timings.envelopeMs);
  if (timings.dataMs !== undefined) telemetry.record('DataDuration', timings.dataMs);
}

function durationMetric(accepted: number, failed: readonly FailedAttempt[]): StageValues {
  if (accepted > 0) return 'SendDurationAccepted';
  if (failed.some(({ failure }) => failure.reply === undefined)) return 'SendDurationFailed';
  return failed.some(({ classification }) => !classification.permanent)
    ? 'SendDurationDeferred'
    : 'SendDurationRefused';
}
