import * as v from 'valibot';
import { breakerSettings } from './sender-environment.ts';

const positive = v.pipe(v.number(), v.gtValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const text = v.pipe(v.string(), v.minLength(1));

const probeFunctionSettings = v.strictObject({
  relays: v.record(v.string(), v.strictObject({ secretId: text, allowPlaintext: v.boolean() })),
  probe: v.strictObject({
    intervalSeconds: positive,
    timeoutSeconds: positive,
    degradedMs: positive,
    degradedWeight: share,
    authIntervalSeconds: positive,
  }),
  breaker: breakerSettings,
});

/** The probe function's environment: set by the construct, read by the handler, described here only. */
export const probeEnvironment = v.object({
  POSTROOM_STAGE: text,
  POSTROOM_RELAY_HEALTH_TABLE: text,
  /** UUID of the event source mapping that feeds the sender. */
  POSTROOM_EVENT_SOURCE_MAPPING: text,
  POSTROOM_SETTINGS: v.pipe(v.string(), v.parseJson(), probeFunctionSettings),
});

export type ProbeFunctionSettings = v.InferOutput<typeof probeFunctionSettings>;
export type ProbeEnvironment = v.InferOutput<typeof probeEnvironment>;
/** What the construct sets: every variable a string. */
export type ProbeVariables = v.InferInput<typeof probeEnvironment>;
