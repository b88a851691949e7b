import * as v from 'valibot';
import { metricAlarmNames } from './alarms/names.ts';
import {
  domain,
  fields,
  flag,
  integer,
  isPlainObject,
  list,
  numberBetween,
  seconds,
  section,
  text,
  unknownFieldMark,
} from './config-fields.ts';
import { brokenRules } from './stage-config-rules.ts';

/** Days that CloudWatch Logs can keep a log group's events (PutRetentionPolicy). */
const logRetentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** SQS keeps a message for 14 days at most; a day less leaves room for the last wait and the way to the DLQ. */
const longestRetrySeconds = 13 * 86_400;
/** SQS hides a message for 12 h at most, counted from its receive; the invocation and the jitter need the rest. */
const longestWaitSeconds = 11 * 3_600;

const relay = fields({
  /** Share of its tier's mail. 0 as in RFC 2782: nothing, unless no other relay of the tier takes the mail. */
  weight: v.optional(numberBetween(0, 1000), 1),
  tier: v.optional(integer(0, 100), 0),
  /** Sessions the whole fleet may hold to this relay at one time. */
  maxConnections: v.optional(integer(1, 100_000), 60),
  maxRecipients: v.optional(integer(1, 1000), 100),
  secretName: v.optional(text(/^[\w/+=.@-]{1,512}$/, 'the name (not the ARN) of a Secrets Manager secret')),
  fromDomains: v.optional(v.pipe(v.array(domain, 'a list'), v.minLength(1, 'a list of at least one domain'))),
  allowPlaintext: v.optional(flag, false),
});

const relayName = text(/^[a-z][a-z0-9-]{0,29}$/, 'a name of a-z, 0-9 and -, beginning with a letter, 30 at most');

const alarmThreshold = 'a number above 0, at most 1000000000';
const alarmOverride = v.optional(
  fields({
    threshold: v.pipe(v.number(alarmThreshold), v.gtValue(0, alarmThreshold), v.maxValue(1e9, alarmThreshold)),
  }),
);

const stageConfig = fields({
  relays: v.pipe(
    v.unknown(),
    v.check(isPlainObject, 'an object of relays by name'),
    v.record(relayName, relay, 'an object of relays by name'),
    v.check((relays) => Object.keys(relays).length > 0, 'at least one relay'),
  ),
  allowedFromDomains: list(domain),
  publishers: section({
    accounts: list(text(/^\d{12}$/, 'an AWS account id of 12 digits, as a string')),
    organizationId: v.optional(
      v.nullable(text(/^o-[a-z0-9]{10,32}$/, 'null or an organisation id such as o-a1b2c3d4e5')),
      null,
    ),
  }),
  attachmentBuckets: list(text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of an S3 bucket')),
  maxMessageBytes: v.optional(integer(1, 150 * 1024 * 1024), 26_214_400),
  sender: section({
    maxConcurrency: v.optional(integer(2, 1000), 20),
    batchSize: v.optional(integer(1, 10), 10),
    memoryMb: v.optional(integer(128, 10_240), 512),
    timeoutSeconds: v.optional(integer(1, 900), 180),
  }),
  smtp: section({
    connectSeconds: v.optional(seconds(900), 10),
    greetingSeconds: v.optional(seconds(900), 30),
    commandSeconds: v.optional(seconds(900), 60),
    finalReplySeconds: v.optional(seconds(900), 120),
  }),
  retry: section({
    baseSeconds: v.optional(seconds(longestWaitSeconds), 30),
    factor: v.optional(numberBetween(1, 10), 2),
    maxSeconds: v.optional(seconds(longestWaitSeconds), 3_600),
    jitter: v.optional(numberBetween(0, 1), 0.2),
    maxAttempts: v.optional(integer(1, 1000), 200),
    maxAgeSeconds: v.optional(seconds(longestRetrySeconds), 432_000),
  }),
  /** Delivery status notifications (RFC 3464) to the envelope sender of mail that failed or is late. */
  bounces: section({
    mode: v.optional(v.picklist(['off', 'dsn'], '"off" or "dsn"'), 'off'),
    /** Author of the bounces; MAILER-DAEMON at the sender's domain when absent. */
    from: v.optional(v.pipe(v.string('an e-mail address'), v.email('an e-mail address'))),
    /** The relay that takes mail with a null sender; any one when absent. */
    relay: v.optional(relayName),
    delayNoticeSeconds: v.optional(seconds(longestRetrySeconds), 14_400),
    /** Host name to report as (RFC 3464 §2.2.2); the domain of the bounce's author when absent. */
    reportingMta: v.optional(domain),
  }),
  /** Outcome events (`outcome-events.ts`); off without a bus. */
  events: section({
    /** An EventBridge bus that exists already, such as `default`. */
    busName: v.optional(text(/^[\w./-]{1,256}$/, 'the name (not the ARN) of an EventBridge bus, such as "default"')),
  }),
  /** Looks for forgotten mail every quarter of an hour. */
  audit: section({ enabled: v.optional(flag, true) }),
  breaker: section({
    failureThreshold: v.optional(integer(1, 1000), 3),
    messageRejectionThreshold: v.optional(integer(1, 1000), 10),
    coolDownSeconds: v.optional(seconds(86_400), 60),
    maxCoolDownSeconds: v.optional(seconds(86_400), 900),
  }),
  probe: section({
    intervalSeconds: v.optional(seconds(3_600), 15),
    /** A probe must end within one run of the probe function, and those start every minute. */
    timeoutSeconds: v.optional(seconds(50), 10),
    degradedMs: v.optional(numberBetween(1, 60_000), 200),
    degradedWeight: v.optional(numberBetween(0, 1), 0.4),
    authIntervalSeconds: v.optional(seconds(30 * 86_400), 3_600),
  }),
  network: section({
    vpcId: v.optional(v.nullable(text(/^vpc-[a-z0-9]+$/, 'null or a VPC id such as vpc-0a1b2c3d')), null),
    availabilityZones: list(text(/^[a-z0-9-]+$/, 'an availability zone such as eu-central-1a')),
    privateSubnetIds: list(text(/^subnet-[a-z0-9]+$/, 'a subnet id such as subnet-0a1b2c3d')),
    securityGroupIds: list(text(/^sg-[a-z0-9]+$/, 'a security group id such as sg-0a1b2c3d')),
  }),
  alarms: section({
    emails: list(v.pipe(v.string('an e-mail address'), v.email('an e-mail address'))),
    topicArns: list(text(/^arn:[^:]+:sns:[^:]+:\d{12}:.+$/, 'the ARN of an SNS topic')),
    /** By alarm name, in the unit of the alarm's own threshold. */
    overrides: section(Object.fromEntries(metricAlarmNames.map((name) => [name, alarmOverride]))),
    /** Where alarms send their reader: the address of the runbook, without an anchor. Absent: its path. */
    runbookUrl: v.optional(text(/^https?:\/\/[^\s#]+$/, 'the http(s) address of a page, without #')),
  }),
  tracing: section({ sampleRate: v.optional(numberBetween(0, 1), 0.15) }),
  logRetentionDays: v.optional(v.picklist(logRetentionDays, `one of ${logRetentionDays.join(', ')}`), 30),
  protectData: v.optional(flag, false),
});

/** One stage of Postroom, every default filled in. Durations are in the unit that the field's name ends with. */
export type StageConfig = v.InferOutput<typeof stageConfig>;
export type RelayConfig = StageConfig['relays'][string];
export type RetryConfig = StageConfig['retry'];

/** A stage config that must not be deployed. The message lists every problem: field, value, and what is allowed. */
export class StageConfigError extends Error {
  override readonly name = 'StageConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The stage config is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads what a stage file holds (already parsed as JSON). Throws {@link StageConfigError}; rules between fields are
 * looked at when every field by itself is right.
 */
export function readStageConfig(input: unknown): StageConfig {
  const result = v.safeParse(stageConfig, input, { abortPipeEarly: true });
  if (!result.success) throw new StageConfigError(result.issues.map(describe));
  const problems = brokenRules(result.output);
  if (problems.length > 0) throw new StageConfigError(problems);
  return result.output;
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map((step) =>
    step.type === 'array' ? `[${String(step.key)}]` : `.${String(step.key)}`,
  );
  const field = path.join('').replace(/^\./, '') || 'the whole config';
  if (issue.message === 'required') return `${field} is missing; it is required`;
  if (issue.message.startsWith(unknownFieldMark)) return `${field}: ${issue.message}`;
  return `${field} is ${abbreviated(issue.input)}; allowed: ${issue.message}`;
}

function abbreviated(value: unknown): string {
  const json = JSON.stringify(value) ?? 'undefined';
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
}
