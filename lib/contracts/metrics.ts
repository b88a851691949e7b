import type { Phase } from '../outcome/outcome.ts';
import type { DeadLetterReason } from './dead-letter.ts';

/** CloudWatch namespace of every metric below. */
export const metricNamespace = 'Postroom';

/**
 * One metric as emitter, dashboard and alarms see it.
 *
 * - `unit`: CloudWatch's word for it. `Milliseconds` and `Seconds` are whole.
 * - `dimensions`: the only set it is published under; each further set is billed as another metric.
 * - `keeps`: `sum` publishes one number per invocation, the total; `values` publishes each value, so that percentiles
 *   are right.
 * - `onlyWith`: published only where the stage config switches that on.
 */
export interface MetricDefinition {
  readonly unit: 'Count' | 'Milliseconds' | 'Seconds' | 'None';
  readonly dimensions: 'stage' | 'stage+relay';
  readonly keeps: 'sum' | 'values';
  readonly onlyWith?: 'bounces' | 'events';
  readonly meaning: string;
}

const stageSum = { unit: 'Count', dimensions: 'stage', keeps: 'sum' } as const;
const relaySum = { unit: 'Count', dimensions: 'stage+relay', keeps: 'sum' } as const;
const stageTime = { unit: 'Milliseconds', dimensions: 'stage', keeps: 'values' } as const;

const relayGauge = { unit: 'None', dimensions: 'stage+relay', keeps: 'values' } as const;

/** Every metric that the sender and the probe function publish. */
export const metrics = {
  MessagesReceived: {
    ...stageSum,
    meaning: 'Copies of messages handed to the sender; a retried mail counts each time',
  },
  MessagesDelivered: { ...stageSum, meaning: 'Mails that nobody is pending for and somebody accepted' },
  MessagesDeferred: { ...stageSum, meaning: 'Mails put back after a charged attempt, to be tried again later' },
  MessagesWaiting: {
    ...stageSum,
    meaning: 'Copies that still want a relay, put back for want of one, of time, or of a service',
  },
  MessagesUncertain: { ...stageSum, meaning: 'Sends whose outcome stayed unknown after the final dot' },
  DuplicatesSuppressed: { ...stageSum, meaning: 'Copies of mails that the ledger already knew as settled' },

  DeadLettersRejected: { ...stageSum, meaning: 'Dead-letter entries for recipients or mails that relays refused' },
  DeadLettersExpired: { ...stageSum, meaning: 'Dead-letter entries for mails past their own expiry' },
  DeadLettersExhausted: { ...stageSum, meaning: 'Dead-letter entries for mails out of attempts, age or receives' },
  DeadLettersInvalid: {
    ...stageSum,
    meaning: 'Dead-letter entries that their publisher or its permissions must repair',
  },
  DeadLettersUncertain: { ...stageSum, meaning: 'Dead-letter entries for mails that may have been delivered' },
  DeadLettersBounceUndeliverable: {
    ...stageSum,
    onlyWith: 'bounces',
    meaning: 'Dead-letter entries for bounces whose return path takes no mail: nobody learns of the failure',
  },
  DeadLettersPoison: { ...stageSum, meaning: 'Dead-letter entries for mails that ended the sender again and again' },

  BouncesPublished: {
    ...stageSum,
    onlyWith: 'bounces',
    meaning: 'Delivery status notifications put on the intake queue, for failed and for late mail',
  },

  OutcomeEventsPublished: { ...stageSum, onlyWith: 'events', meaning: 'Outcome events put on the event bus' },
  OutcomeEventsFailed: {
    ...stageSum,
    onlyWith: 'events',
    meaning: 'Mails whose outcome events the bus did not take, which come again, or whose change cannot be read',
  },

  OverdueMails: {
    unit: 'Count',
    dimensions: 'stage',
    keeps: 'values',
    meaning: 'Mails that the audit finds forgotten: overdue, cut short, or owed to the dead-letter queue',
  },
  MailsMissingFromQueue: {
    unit: 'Count',
    dimensions: 'stage',
    keeps: 'values',
    meaning: 'Unfinished mails in the ledger beyond the messages in the intake queue: nothing carries them on',
  },

  CrashesSeen: { ...stageSum, meaning: 'Leases found ended without an outcome' },
  DeadLetterQueueFailures: {
    ...stageSum,
    meaning: 'Entries that the dead-letter queue did not take; their messages come back',
  },
  LedgerUnavailable: { ...stageSum, meaning: 'Mails put back because the ledger could not be read or claimed' },
  LedgerSettleFailures: { ...stageSum, meaning: 'Settling writes that failed after an SMTP outcome was known' },
  CredentialRefreshes: { ...stageSum, meaning: 'Fetches of relay secrets by the sender' },
  AwsCalls: { ...stageSum, meaning: 'Requests of the sender to AWS services, retries included' },
  AttemptsPerDelivery: {
    unit: 'Count',
    dimensions: 'stage',
    keeps: 'values',
    meaning: 'Charged attempts of each delivered mail',
  },
  TimeLeft: { ...stageTime, meaning: 'Time left before the function deadline when the batch was done' },
  OldestUndeliveredAge: {
    unit: 'Seconds',
    dimensions: 'stage',
    keeps: 'values',
    meaning:
      'Since enqueue, the oldest mail that the invocation put back, or that the audit finds overdue; SQS leaves mail in ' +
      'backoff out of its own age',
  },

  SendDurationAccepted: { ...stageTime, meaning: 'MAIL to last reply, transactions in which somebody was accepted' },
  SendDurationDeferred: { ...stageTime, meaning: 'MAIL to last reply, transactions that were refused for now (4xx)' },
  SendDurationRefused: { ...stageTime, meaning: 'MAIL to last reply, transactions that were refused for good (5xx)' },
  SendDurationFailed: { ...stageTime, meaning: 'MAIL to failure, transactions that ended without a reply' },
  QueueWaitDuration: { ...stageTime, meaning: 'Enqueue to first attempt, of mail that is claimed to be sent' },
  ClaimDuration: { ...stageTime, meaning: 'Claiming write to the ledger' },
  ChooseDuration: { ...stageTime, meaning: 'Choosing a relay and waiting for a session' },
  ConnectDuration: { ...stageTime, meaning: 'Dial to greeting without TLS, new sessions only' },
  TlsDuration: { ...stageTime, meaning: 'TLS handshake, new sessions only' },
  AuthDuration: { ...stageTime, meaning: 'AUTH exchange, new sessions only' },
  EnvelopeDuration: { ...stageTime, meaning: 'MAIL to the last RCPT reply' },
  DataDuration: { ...stageTime, meaning: 'DATA to the reply to the final dot' },
  SettleDuration: { ...stageTime, meaning: 'Settling write to the ledger' },

  RecipientsAccepted: { ...relaySum, meaning: 'Recipients that the relay accepted' },
  RecipientsDeferred: { ...relaySum, meaning: 'Recipients that the relay refused for now (4xx)' },
  RecipientsRefused: { ...relaySum, meaning: 'Recipients that the relay refused for good (5xx)' },
  ConnectionsOpened: { ...relaySum, meaning: 'Connection attempts, counted when they start' },
  ConnectionsClosed: { ...relaySum, meaning: 'Sessions ended by QUIT and its 221, nothing else' },
  ConnectionsReused: { ...relaySum, meaning: 'Transactions on a session that had carried one before' },
  ConnectionsFailedDns: { ...relaySum, meaning: 'Attempts that failed because the relay name did not resolve' },
  ConnectionsFailedConnect: { ...relaySum, meaning: 'Attempts that failed in the dial' },
  ConnectionsFailedTls: { ...relaySum, meaning: 'Attempts that failed in STARTTLS, the handshake or the certificate' },
  ConnectionsFailedGreeting: { ...relaySum, meaning: 'Attempts that failed in greeting or EHLO' },
  ConnectionsFailedAuth: { ...relaySum, meaning: 'Attempts that failed in AUTH, or for want of credentials' },
  ConnectionsLost: { ...relaySum, meaning: 'Sessions that ended without QUIT and its 221: in a transaction, or idle' },
  CredentialRejections: { ...relaySum, meaning: 'Log-ins that the relay refused' },
  BreakerOpened: {
    ...relaySum,
    meaning: 'Openings of the breaker; those by a refused log-in show in CredentialRejections as well',
  },
  RelayThrottled: { ...relaySum, meaning: 'Times that an environment sent less because the relay asked for it' },

  RelayState: { ...relayGauge, meaning: 'Whether the relay may be given mail: a number of relayStates' },
  RelayWeightFactor: { ...relayGauge, meaning: "What the relay's weight is multiplied by: 0 while it gets no mail" },
  ProbeDuration: {
    unit: 'Milliseconds',
    dimensions: 'stage+relay',
    keeps: 'values',
    meaning: 'Dial to greeting and TLS, as the probe function measured it',
  },
  ProbeRuns: { ...stageSum, meaning: 'Runs of the probe function that came to their end' },
  IntakePaused: {
    unit: 'None',
    dimensions: 'stage',
    keeps: 'values',
    meaning: '1 while the sender is not fed from the intake queue, else 0; published by each run of the probe function',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/**
 * What `RelayState` says, ordered so that more is worse: from `withheld` on, the relay gets no mail. Alarms take the
 * minimum of a period, so that only what lasted counts.
 */
export const relayStates = {
  healthy: 0,
  /** Slow or throttled: it gets less mail. */
  degraded: 1,
  /** An operator drains or disables it. */
  withheld: 2,
  /** The breaker is open or on its trial, or probes find it offline. */
  offline: 3,
  /** Its secret is empty, a placeholder or invalid. */
  unconfigured: 4,
} as const;

export type MetricName = keyof typeof metrics;

type MetricsWith<Wanted extends Partial<MetricDefinition>> = {
  [Name in MetricName]: (typeof metrics)[Name] extends Wanted ? Name : never;
}[MetricName];

export type StageSum = MetricsWith<{ dimensions: 'stage'; keeps: 'sum' }>;
export type RelaySum = MetricsWith<{ dimensions: 'stage+relay'; keeps: 'sum' }>;
export type StageValues = MetricsWith<{ dimensions: 'stage'; keeps: 'values' }>;
export type RelayValues = MetricsWith<{ dimensions: 'stage+relay'; keeps: 'values' }>;

/** Which metric counts a dead-letter entry: reasons that the same people repair share one. */
export const deadLetterMetrics: Readonly<Record<DeadLetterReason, StageSum>> = {
  rejected: 'DeadLettersRejected',
  expired: 'DeadLettersExpired',
  'retry-exhausted': 'DeadLettersExhausted',
  malformed: 'DeadLettersInvalid',
  'not-allowed': 'DeadLettersInvalid',
  'attachment-unavailable': 'DeadLettersInvalid',
  'key-conflict': 'DeadLettersInvalid',
  poison: 'DeadLettersPoison',
  uncertain: 'DeadLettersUncertain',
  'bounce-undeliverable': 'DeadLettersBounceUndeliverable',
};

/** Which metric counts a connection's failure, by the phase it failed in. */
export const connectionFailureMetrics: Readonly<Record<Phase, RelaySum>> = {
  credentials: 'ConnectionsFailedAuth',
  dns: 'ConnectionsFailedDns',
  connect: 'ConnectionsFailedConnect',
  tls: 'ConnectionsFailedTls',
  greeting: 'ConnectionsFailedGreeting',
  ehlo: 'ConnectionsFailedGreeting',
  starttls: 'ConnectionsFailedTls',
  auth: 'ConnectionsFailedAuth',
  mail: 'ConnectionsLost',
  rcpt: 'ConnectionsLost',
  data: 'ConnectionsLost',
  body: 'ConnectionsLost',
  'final-reply': 'ConnectionsLost',
};
