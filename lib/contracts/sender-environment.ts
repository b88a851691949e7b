import * as v from 'valibot';

const positive = v.pipe(v.number(), v.gtValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** One relay as the sender knows it: what the stage config says, and where its secret is. */
const relaySettings = v.strictObject({
  secretId: v.pipe(v.string(), v.minLength(1)),
  weight: v.pipe(v.number(), v.minValue(0)),
  tier: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Sessions one execution environment may hold, derived from the fleet's `maxConnections` at synth. */
  maxSessions: count,
  maxRecipients: count,
  /** Sender domains this relay takes; absent: every one. */
  fromDomains: v.optional(v.array(v.string())),
  allowPlaintext: v.boolean(),
});

export const breakerSettings = v.strictObject({
  failureThreshold: count,
  messageRejectionThreshold: count,
  coolDownSeconds: positive,
  maxCoolDownSeconds: positive,
});

const senderSettings = v.strictObject({
  relays: v.record(v.string(), relaySettings),
  /** Empty: every sender domain is allowed. */
  allowedFromDomains: v.array(v.string()),
  attachmentBuckets: v.array(v.string()),
  maxMessageBytes: count,
  /** Bytes of mail that one environment holds in memory at one time. */
  maxBytesInFlight: count,
  smtp: v.strictObject({
    connectSeconds: positive,
    greetingSeconds: positive,
    commandSeconds: positive,
    finalReplySeconds: positive,
  }),
  /** Absent: the stage sends no bounces. */
  bounces: v.optional(
    v.strictObject({
      from: v.optional(v.string()),
      relay: v.optional(v.string()),
      delayNoticeSeconds: positive,
      reportingMta: v.optional(v.string()),
    }),
  ),
  retry: v.strictObject({
    baseSeconds: positive,
    factor: v.pipe(v.number(), v.minValue(1)),
    maxSeconds: positive,
    jitter: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
    maxAttempts: count,
    maxAgeSeconds: positive,
  }),
  breaker: breakerSettings,
});

/**
 * The sender function's environment: set by the construct, read by the handler, described here only. SETTINGS is JSON
 * because Lambda's environment is flat; Lambda allows 4 KB for all variables together, which synth checks.
 */
export const senderEnvironment = v.object({
  POSTROOM_STAGE: v.pipe(v.string(), v.minLength(1)),
  POSTROOM_INTAKE_QUEUE_URL: v.pipe(v.string(), v.url()),
  POSTROOM_DEAD_LETTER_QUEUE_URL: v.pipe(v.string(), v.url()),
  POSTROOM_LEDGER_TABLE: v.pipe(v.string(), v.minLength(1)),
  POSTROOM_RELAY_HEALTH_TABLE: v.pipe(v.string(), v.minLength(1)),
  POSTROOM_SETTINGS: v.pipe(v.string(), v.parseJson(), senderSettings),
});

export type SenderSettings = v.InferOutput<typeof senderSettings>;
export type BounceSettings = NonNullable<SenderSettings['bounces']>;
export type RelaySettings = v.InferOutput<typeof relaySettings>;
export type SenderEnvironment = v.InferOutput<typeof senderEnvironment>;
/** What the construct sets: every variable a string. */
export type SenderVariables = v.InferInput<typeof senderEnvironment>;
