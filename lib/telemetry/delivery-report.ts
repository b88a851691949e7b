import type { DeliveryEvent, FailedAttempt } from '../delivery/events.ts';
import type { Log, LoggedRecipient } from './log.ts';
import { deadLetterMetrics, type StageValues } from './metric-names.ts';
import type { Telemetry } from './telemetry.ts';

const stepMetrics = { choose: 'ChooseDuration', claim: 'ClaimDuration', settle: 'SettleDuration' } as const;

/** Turns what happens to mails into metrics and log lines. */
export function deliveryReport(telemetry: Telemetry, log: Log): (event: DeliveryEvent) => void {
  return (event) => {
    measure(event, telemetry);
    describe(event, log);
  };
}

function measure(event: DeliveryEvent, telemetry: Telemetry): void {
  switch (event.type) {
    case 'received':
      telemetry.count('MessagesReceived');
      if (event.receives === 1) telemetry.record('QueueWaitDuration', event.queuedMs);
      return;
    case 'step':
      return telemetry.record(stepMetrics[event.step], event.durationMs);
    case 'attempt':
      return measureAttempt(event, telemetry);
    case 'duplicate':
      return telemetry.count('DuplicatesSuppressed');
    case 'waiting':
      telemetry.count('MessagesWaiting');
      if (event.why === 'ledger-unavailable') telemetry.count('LedgerUnavailable');
      return;
    case 'crash-seen':
      return telemetry.count('CrashesSeen');
    case 'delivered':
      telemetry.count('MessagesDelivered');
      return telemetry.record('AttemptsPerDelivery', event.attempts);
    case 'deferred':
      return telemetry.count('MessagesDeferred');
    case 'dead-lettered':
      return telemetry.count(deadLetterMetrics[event.reason]);
    case 'late-settle':
      return telemetry.count('LateSettles');
    case 'acknowledged-without-ledger':
      telemetry.count('LedgerSettleFailures');
      return telemetry.count('AcknowledgedWithoutLedger');
    case 'relay-fault':
      if (event.classification.trait === 'credentials') telemetry.count('CredentialRejections', event.relay);
      return;
    default:
      return;
  }
}

type Attempt = Extract<DeliveryEvent, { type: 'attempt' }>;

function measureAttempt({ relay, accepted, failed, durationMs, timings }: Attempt, telemetry: Telemetry): void {
  const deferred = failed.filter(({ classification }) => !classification.permanent).length;
  if (accepted.length > 0) telemetry.count('RecipientsAccepted', relay, accepted.length);
  if (deferred > 0) telemetry.count('RecipientsDeferred', relay, deferred);
  if (failed.length > deferred) telemetry.count('RecipientsRefused', relay, failed.length - deferred);
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

function describe(event: DeliveryEvent, log: Log): void {
  const { key, messageId: sqsId, tags = {} } = event;
  const labels = Object.keys(tags).length === 0 ? {} : { tags };
  const common = { ...(key === '' ? {} : { key }), sqsId, ...labels };
  switch (event.type) {
    case 'duplicate':
      return log.event('mail.duplicate', common);
    case 'key-conflict':
      return log.event('mail.dead-lettered', { ...common, reason: 'key-conflict' });
    case 'waiting': {
      const { why, visibleAt } = event;
      const at = visibleAt === undefined ? {} : { message: `visible again at ${new Date(visibleAt).toISOString()}` };
      return log.event('mail.waiting', { ...common, outcome: why, ...at });
    }
    case 'crash-seen':
      return log.event('mail.crash-seen', { ...common, counts: { crashes: event.crashes } });
    case 'attempt':
      return describeAttempt(event, common, log);
    case 'relay-fault': {
      const { relay, failure, classification } = event;
      const code = classification.trait === 'credentials' ? 'relay.credentials-refused' : 'relay.fault';
      return log.event(code, { ...common, relay, rule: classification.rule, ...evidence(failure) });
    }
    case 'deferred': {
      const { attempts, recipients, visibleAt } = event;
      const message = `next attempt at ${new Date(visibleAt).toISOString()}`;
      return log.event('mail.deferred', { ...common, attempts, counts: { recipients }, message });
    }
    case 'dead-lettered': {
      const { reason, recipients } = event;
      if (reason === 'key-conflict') return;
      return log.event('mail.dead-lettered', { ...common, reason, counts: { recipients } });
    }
    case 'late-settle':
      return log.event('ledger.late-settle', { ...common, counts: { accepted: event.accepted } });
    case 'acknowledged-without-ledger':
      return log.event('ledger.settle-failed', { ...common, outcome: 'acknowledged' });
    case 'service-unavailable': {
      const code = event.service === 'ledger' ? 'ledger.unavailable' : 'queue.dead-letter-failed';
      return log.event(code, { ...common, error: event.error });
    }
    case 'visibility-refused':
      return log.event('queue.visibility-failed', { ...common, message: event.why });
    case 'unexpected':
      return log.event('unexpected', { ...common, error: event.error });
    default:
      return;
  }
}

function describeAttempt(event: Attempt, common: { readonly sqsId: string }, log: Log): void {
  const { relay, reused, accepted, failed, durationMs, timings } = event;
  const recipients: LoggedRecipient[] = failed.map(({ address, failure, classification }) => ({
    address: log.address(address),
    outcome: `${classification.scope}${classification.permanent ? ', permanent' : ''}`,
    rule: classification.rule,
    ...evidence(failure),
  }));
  const uncertain = failed.some(({ classification }) => classification.scope === 'uncertain');
  log.event(uncertain ? 'mail.uncertain' : 'mail.attempt', {
    ...common,
    relay,
    outcome: failed.length === 0 ? 'accepted' : accepted.length === 0 ? 'failed' : 'partly accepted',
    durationMs,
    timings: { envelope: timings.envelopeMs, data: timings.dataMs },
    counts: { accepted: accepted.length, failed: failed.length, reused: reused ? 1 : 0 },
    ...(recipients.length === 0 ? {} : { recipients }),
  });
}

function evidence({ phase, reply, error }: FailedAttempt['failure']): {
  readonly phase: string;
  readonly code?: number;
  readonly enhancedCode?: string;
  readonly reply?: string;
} {
  if (reply === undefined) return { phase, reply: error.message };
  const { code, enhancedCode, text } = reply;
  return { phase, code, reply: text, ...(enhancedCode === undefined ? {} : { enhancedCode }) };
}
