import * as v from 'valibot';

const text = v.pipe(v.string(), v.minLength(1));
const positive = v.pipe(v.number(), v.gtValue(0));

/** From one audit to the next. */
export const auditEveryMinutes = 15;

/** Also an output of the stack, for the command that people run. */
export const auditSettings = v.strictObject({
  /** A mail that is overdue by more is forgotten. */
  marginSeconds: positive,
  /** The retry window. */
  maxAgeSeconds: positive,
});

/** The audit function's environment: set by the construct, read by the handler, described here only. */
export const auditEnvironment = v.object({
  POSTROOM_STAGE: text,
  POSTROOM_LEDGER_TABLE: text,
  POSTROOM_RELAY_HEALTH_TABLE: text,
  POSTROOM_INTAKE_QUEUE_URL: v.pipe(v.string(), v.url()),
  POSTROOM_SETTINGS: v.pipe(v.string(), v.parseJson(), auditSettings),
});

export type AuditSettings = v.InferOutput<typeof auditSettings>;
export type AuditEnvironment = v.InferOutput<typeof auditEnvironment>;
/** What the construct sets: every variable a string. */
export type AuditVariables = v.InferInput<typeof auditEnvironment>;
