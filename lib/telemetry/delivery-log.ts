import type { DeliveryEvent, FailedAttempt } from '../delivery/events.ts';
import type { Log, LoggedRecipient } from './log.ts';

const serviceEvents = {
  ledger: 'ledger.unavailable',
  'dead-letter-queue': 'queue.dead-letter-failed',
  'intake-queue': 'queue.bounce-failed',
} as const;

type Attempt = Extract<DeliveryEvent, { type: 'attempt' }>;

/** One line per attempt, and one for each turn of a mail's fate. */
export function logDelivery(event: DeliveryEvent, log: Log): void {
  const { key, messageId: sqsId, tags = {} } = event;
  const labels = Object.keys(tags).length === 0 ? {} : { tags };
  const common = { ...(key === '' ? {} : { key }), sqsId, ...labels };
  switch (event.type) {
    case 'duplicate':
      log.event('mail.duplicate', common);
      return;
    case 'key-conflict':
      log.event('mail.dead-lettered', { ...common, reason: 'key-conflict' });
      return;
    case 'waiting': {
      const { why, visibleAt } = event;
      const at = visibleAt === undefined ? {} : { message: `visible again at ${new Date(visibleAt).toISOString()}` };
      log.event('mail.waiting', { ...common, outcome: why, ...at });
      return;
    }
    case 'crash-seen':
      log.event('mail.crash-seen', { ...common, counts: { crashes: event.crashes } });
      return;
    case 'attempt':
      describeAttempt(event, common, log);
      return;
    case 'relay-fault': {
      const { relay, durationMs, failure, classification } = event;
      const code = classification.trait === 'credentials' ? 'relay.credentials-refused' : 'relay.fault';
      log.event(code, { ...common, relay, durationMs, rule: classification.rule, ...evidence(failure) });
      return;
    }
    case 'deferred': {
      const { attempts, recipients, visibleAt } = event;
      const message = `next attempt at ${new Date(visibleAt).toISOString()}`;
      log.event('mail.deferred', { ...common, attempts, counts: { recipients }, message });
      return;
    }
    case 'dead-lettered': {
      const { reason, recipients } = event;
      if (reason === 'key-conflict') return;
      log.event('mail.dead-lettered', { ...common, reason, counts: { recipients } });
      return;
    }
    case 'bounce': {
      const { notice, result } = event;
      const message = result.kind === 'published' ? `as ${result.key}` : result.why;
      log.event('mail.bounce', { ...common, outcome: `${notice}, ${result.kind}`, message });
      return;
    }
    case 'late-settle':
      log.event('ledger.late-settle', { ...common, counts: { accepted: event.accepted } });
      return;
    case 'settle-failed': {
      const outcome = event.acknowledged ? 'acknowledged' : 'put back';
      log.event('ledger.settle-failed', { ...common, outcome, error: event.error });
      return;
    }
    case 'service-unavailable': {
      log.event(serviceEvents[event.service], { ...common, error: event.error });
      return;
    }
    case 'content-unavailable':
      log.event('mail.content-unavailable', { ...common, error: event.error });
      return;
    case 'visibility-refused':
      log.event('queue.visibility-failed', { ...common, message: event.why });
      return;
    case 'unexpected':
      log.event('unexpected', { ...common, error: event.error });
      return;
    default:
      return;
  }
}

function describeAttempt(event: Attempt, common: { readonly sqsId: string }, log: Log): void {
  const { relay, reused, accepted, failed, wholeMs, chooseMs, timings } = event;
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
    durationMs: wholeMs,
    timings: {
      choose: chooseMs,
      connect: timings.connectMs,
      greeting: timings.greetingMs,
      tls: timings.tlsMs,
      auth: timings.authMs,
      envelope: timings.envelopeMs,
      data: timings.dataMs,
    },
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
