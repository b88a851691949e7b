import type { DeadLetterReason } from '../contracts/dead-letter.ts';
import type { Clock } from '../platform/clock.ts';
import { type LineSink, stdoutLines } from './lines.ts';
import { describeError } from './log-error.ts';
import { type LogEventCode, type LogLevel, logEvents } from './log-events.ts';
import { createRedaction, type RedactedAddress } from './redact.ts';

/** What a log line may say. Closed on purpose: a field that is not here cannot carry a body or a secret into the log. */
export interface LogFields {
  /** Idempotency key. */
  readonly key?: string;
  /** SQS message id of this copy. */
  readonly sqsId?: string;
  /** Lambda's request id. */
  readonly requestId?: string;
  /** X-Ray trace id; only where X-Ray keeps the trace. */
  readonly traceId?: string;
  readonly relay?: string;
  readonly outcome?: string;
  /** Charged attempts so far. */
  readonly attempts?: number;
  /** Milliseconds per phase. */
  readonly timings?: Readonly<Record<string, number | undefined>>;
  /** Milliseconds of the whole attempt; from {@link slowSendMs} on, its line is marked `slow`. */
  readonly durationMs?: number;
  readonly reason?: DeadLetterReason;
  readonly recipients?: readonly LoggedRecipient[];
  readonly phase?: string;
  /** SMTP reply code. */
  readonly code?: number;
  readonly enhancedCode?: string;
  readonly reply?: string;
  /** Name of the classification rule that decided. */
  readonly rule?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly counts?: Readonly<Record<string, number>>;
  /** A sentence for people. */
  readonly message?: string;
  /** What was thrown. */
  readonly error?: unknown;
}

export interface LoggedRecipient {
  readonly address: RedactedAddress;
  readonly outcome: string;
  readonly relay?: string;
  readonly phase?: string;
  readonly code?: number;
  readonly enhancedCode?: string;
  readonly reply?: string;
  readonly rule?: string;
}

/** Structured log: each event is one line of JSON, addresses redacted. No method throws: a line is never worth a mail. */
export interface Log {
  event(code: LogEventCode, fields?: LogFields): void;
  /** The same log with fields that every line carries, such as those of one invocation. */
  with(fields: LogFields): Log;
  /** The only way an address gets into {@link LogFields.recipients}. */
  address(address: string): RedactedAddress;
}

/** An attempt that took longer is worth a look: a healthy relay answers within a second or two. */
export const slowSendMs = 5_000;

/** JSON leaves these alone, but terminals obey them and some log readers end a line at them. */
const controls = /[\u007f-\u009f\u2028\u2029]/g;
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

export function createLog(options: { readonly stage: string; readonly clock: Clock; readonly write?: LineSink }): Log {
  const { stage, clock, write = stdoutLines } = options;
  const redaction = createRedaction(stage);
  const scrubbed = (_name: string, value: unknown) => {
    if (typeof value === 'string') return redaction.text(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [redaction.text(name), inner]));
  };

  const line = (code: LogEventCode, { error, ...fields }: LogFields) => {
    const slow = fields.durationMs !== undefined && fields.durationMs >= slowSendMs && isAttempt(code);
    const entry = {
      timestamp: new Date(clock.now()).toISOString(),
      level: levelOf(code, slow),
      event: code,
      stage,
      ...fields,
      ...(slow && { slow }),
      ...(error !== undefined && { error: describeError(error) }),
    };
    // Most lines are plain, and seeing that at once is cheaper than scrubbing each of their values.
    const plain = JSON.stringify(entry);
    return (redaction.isPlain(plain) ? plain : JSON.stringify(entry, scrubbed)).replace(controls, escaped);
  };

  const logWith = (bound: LogFields): Log => ({
    event(code, fields = {}) {
      try {
        write(line(code, { ...bound, ...fields }));
      } catch {
        // Thrown on, it would turn a delivered mail into a failed one.
      }
    },
    with: (fields) => logWith({ ...bound, ...fields }),
    address: redaction.address,
  });
  return logWith({});
}

/** What ends an attempt: a transaction, or a session that could not be had. */
function isAttempt(code: LogEventCode): boolean {
  return code.startsWith('mail.') || code === 'relay.fault';
}

function levelOf(code: LogEventCode, slow: boolean): LogLevel {
  const { level } = logEvents[code];
  return slow && level === 'INFO' ? 'WARN' : level;
}
