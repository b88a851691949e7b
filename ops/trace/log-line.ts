import * as v from 'valibot';
import { createRedaction } from '../../lib/telemetry/redact.ts';

const text = v.exactOptional(v.string());
const number = v.exactOptional(v.number());

const recipient = v.looseObject({
  address: v.string(),
  outcome: v.string(),
  rule: text,
  phase: text,
  code: number,
  enhancedCode: text,
  reply: text,
});

const logLine = v.looseObject({
  timestamp: v.string(),
  event: v.string(),
  stage: v.string(),
  key: text,
  sqsId: text,
  traceId: text,
  relay: text,
  outcome: text,
  attempts: number,
  durationMs: number,
  timings: v.exactOptional(v.record(v.string(), v.number())),
  reason: text,
  recipients: v.exactOptional(v.array(recipient)),
  phase: text,
  code: number,
  enhancedCode: text,
  reply: text,
  rule: text,
  counts: v.exactOptional(v.record(v.string(), v.number())),
  message: text,
  error: v.exactOptional(v.looseObject({ name: text, message: text })),
});

/** A line of the functions' log about a mail (lib/telemetry/log.ts). Codes that are new are kept as they are. */
export type LogLine = v.InferOutput<typeof logLine>;
export type LoggedRecipient = NonNullable<LogLine['recipients']>[number];

const parsedLine = v.pipe(v.string(), v.parseJson(), logLine);

/** Undefined: it is something else, or about another mail. `wanted`: an idempotency key or an SQS message id. */
export function readLogLine(line: string, wanted: string): LogLine | undefined {
  if (!line.startsWith('{') || !line.includes('"event"')) return undefined;
  const read = v.safeParse(parsedLine, line);
  if (!read.success) return undefined;
  const { key, sqsId, stage } = read.output;
  return sqsId === wanted || key === loggedKey(wanted, stage) ? read.output : undefined;
}

/** A key as the log of a stage holds it: one that contains an address is redacted there. */
export const loggedKey = (key: string, stage: string): string => createRedaction(stage).text(key);
