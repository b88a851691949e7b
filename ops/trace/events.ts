import type { WaitReason } from '../../lib/delivery/events.ts';
import { crashLimit } from '../../lib/ledger/crashes.ts';
import type { Scope } from '../../lib/outcome/outcome.ts';
import { slowSendMs } from '../../lib/telemetry/log.ts';
import type { LogEventCode } from '../../lib/telemetry/log-events.ts';
import { replyText } from '../dlq/words.ts';
import type { LoggedRecipient, LogLine } from './log-line.ts';

/** A line of the log in plain words: a sentence, and one more for each recipient where they differ. */
export function describeLine(line: LogLine): readonly string[] {
  const describe = events.get(line.event);
  return describe === undefined ? [[line.event, line.message].filter(Boolean).join(': ')] : describe(line);
}

type Describe = (line: LogLine) => readonly string[];

const described: Partial<Record<LogEventCode, Describe>> = {
  'mail.attempt': attempt,
  'mail.uncertain': attempt,
  'mail.deferred': ({ attempts, message }) => [
    `Put off; ${message ?? 'tried again later'}. ${attempts ?? 0} ${attempts === 1 ? 'attempt' : 'attempts'} charged so far.`,
  ],
  'mail.waiting': ({ outcome = '', message }) => [
    `Put back without an attempt: ${waits.get(outcome) ?? outcome}${message === undefined ? '' : `; ${message}`}.`,
  ],
  'mail.content-unavailable': ({ error }) => [
    `Its content could not be had (${error?.name ?? 'no answer'}: ${error?.message ?? 'unknown'}).`,
  ],
  'mail.duplicate': () => ['A copy came that was settled already. It was dropped.'],
  'mail.dead-lettered': ({ reason = 'no reason', counts }) => [
    `Written to the dead-letter queue: ${reason}${counts?.['recipients'] === undefined ? '' : `, ${recipientsOf(counts['recipients'])}`}.`,
  ],
  'mail.bounce': ({ outcome = '', message }) => [
    `Notice to its sender (${outcome})${message === undefined ? '' : `: ${message}`}.`,
  ],
  'mail.crash-seen': ({ counts: { crashes = 1 } = {} }) => [
    `A sender had stopped in the middle of it (${crashes} of ${crashLimit})${crashes < crashLimit ? '' : ': it is given up as poison'}.`,
  ],
  'relay.fault': (line) => [
    `${line.relay ?? 'A relay'} could not be used: ${said(line)}. The next relay has its turn.`,
  ],
  'relay.credentials-refused': (line) => [
    `${line.relay ?? 'A relay'} refused our login: ${said(line)}. The next relay has its turn.`,
  ],
  'ledger.unavailable': ({ error }) => [
    `The ledger could not be asked (${error?.name ?? 'no answer'}); nothing was sent.`,
  ],
  'ledger.late-settle': ({ counts }) => [
    `Its outcome was recorded late, after another copy had begun (${counts?.['accepted'] ?? 0} accepted).`,
  ],
  'ledger.settle-failed': ({ outcome }) => [
    outcome === 'acknowledged'
      ? 'Delivered, but the ledger could not be written; acknowledged all the same.'
      : 'What the relay answered could not be written to the ledger; it comes back when its lease has ended.',
  ],
  'queue.visibility-failed': ({ message }) => [`SQS refused the wait${message === undefined ? '' : `: ${message}`}.`],
  'queue.dead-letter-failed': () => ['The dead-letter queue took no entry; it stays in the queue and is tried again.'],
  'queue.bounce-failed': () => ['The intake queue took no bounce; it stays in the queue and is tried again.'],
  'events.failed': ({ error }) => [
    `The event bus did not take what became of it (${error?.message ?? 'no answer'}); that is tried again.`,
  ],
  'events.set-aside': ({ error }) => [
    `A change of its record cannot be read (${error?.message ?? 'unknown'}), so no event tells of it.`,
  ],
  'audit.overdue': ({ outcome = 'overdue', message = '' }) => [`The audit found it forgotten: ${outcome} ${message}.`],
  unexpected: ({ error }) => [`An error that nobody planned for: ${error?.message ?? 'unknown'}. It is tried again.`],
};
const events = new Map<string, Describe>(Object.entries(described));

const waitReasons: Readonly<Record<WaitReason, string>> = {
  'in-flight': 'another copy is being sent right now',
  early: 'its next attempt is not due yet',
  'no-relay': 'no relay can take it now',
  'no-time': 'the invocation had no time left',
  'ledger-unavailable': 'the ledger could not be asked',
  'dead-letter-queue': 'the dead-letter queue did not take its entry',
  'content-unavailable': 'an attachment could not be fetched now',
  'return-path-unknown': 'the DNS did not say whether its sender takes mail',
  'bounce-unpublished': 'its bounce could not be published',
  'unexpected-error': 'an error came up that nobody planned for',
};
const waits = new Map<string, string>(Object.entries(waitReasons));

function attempt(line: LogLine): readonly string[] {
  const { relay = 'a relay', outcome, durationMs, timings = {}, counts = {}, recipients = [] } = line;
  const { accepted = 0, reused = 0 } = counts;
  const took = durationMs === undefined ? '' : `, ${Math.round(durationMs)} ms${slowest(timings, durationMs)}`;
  const session = `(${reused === 1 ? 'a session that was open' : 'a new session'}${took})`;
  const each = recipients.map((one) => `${one.address}: ${verdict(one)}`);
  if (outcome === 'accepted') return [`${relay} took it for ${recipientsOf(accepted)} ${session}.`];
  if (accepted > 0)
    return [`${relay} took it for ${recipientsOf(accepted)}, not for ${recipients.length} ${session}:`, ...each];
  return [`${relay} did not take it ${session}:`, ...each];
}

/** Where a slow attempt spent its time, if one phase says it. */
function slowest(timings: Readonly<Record<string, number>>, durationMs: number): string {
  if (durationMs < slowSendMs) return '';
  // The choice of a relay has the set-up of its session in it.
  const { choose: _, ...phases } = timings;
  const [phase, ms] = Object.entries(phases).sort(([, a], [, b]) => b - a)[0] ?? ['', 0];
  return ms * 2 < durationMs ? '' : `, ${Math.round(ms)} of them in ${phase}`;
}

const scopes: Readonly<Record<Scope, string>> = {
  recipient: 'it refuses the recipient',
  message: 'it refuses the message',
  sender: 'it refuses the sender',
  relay: "the relay's own fault",
  throttle: 'it asks for less mail',
  session: 'the session broke',
  uncertain: 'nobody knows whether it took the mail',
};
const meanings = new Map<string, string>(Object.entries(scopes));

function verdict(recipient: LoggedRecipient): string {
  const [scope = '', permanent] = recipient.outcome.split(', ');
  const meaning = meanings.get(scope) ?? scope;
  const howLong = permanent === undefined ? ' for now' : ' for good';
  const lasting = ['recipient', 'message', 'sender'].includes(scope) ? howLong : '';
  const rule = recipient.rule === undefined ? '' : `; rule ${recipient.rule}`;
  return `${said(recipient)} – ${meaning}${lasting}${rule}`;
}

/** `451 4.7.1 Greylisted (at rcpt)`, as far as known. */
function said({
  code,
  enhancedCode,
  reply,
  phase,
}: {
  readonly code?: number;
  readonly enhancedCode?: string;
  readonly reply?: string;
  readonly phase?: string;
}): string {
  return `${replyText({ code, enhancedCode, text: reply }) || 'no reply'}${phase === undefined ? '' : ` (at ${phase})`}`;
}

const recipientsOf = (count: number) => (count === 1 ? '1 recipient' : `${count} recipients`);
