import type { MetricName } from '../../lib/contracts/metrics.ts';

/** Rows of the comparison whose two sides are rightly 0. */
export const alwaysZero = {
  DeadLettersExhausted: 'the retry window is longer than the run',
  DeadLettersPoison: 'no process is killed; the chaos bench kills them',
  DeadLettersBounceUndeliverable: 'the stage sends no bounces',
  '(none)': 'SQS moves a message by itself only when nobody else did',
} as const;

const switchedOff = 'the stage has that switched off';
const scheduled = 'the scheduled functions do not run: their connections would stand in the relays’ account as well';
const duration = 'nobody else measures the same stretch of time';
const neverFails = 'the relays fail in transactions only; test/integration/smtp holds each failed set-up';
const noIncident = 'nothing else goes wrong in the run; the rehearsals hold it';

/** Metrics that the comparison leaves out, and why. */
export const uncompared: Readonly<Partial<Record<MetricName, string>>> = {
  MessagesWaiting: 'nobody else knows why a message came back; the rehearsals hold it',
  BouncesPublished: switchedOff,
  OutcomeEventsPublished: switchedOff,
  OutcomeEventsFailed: switchedOff,
  OverdueMails: scheduled,
  MailsMissingFromQueue: scheduled,
  RelayState: scheduled,
  RelayWeightFactor: scheduled,
  ProbeDuration: scheduled,
  ProbeRuns: scheduled,
  IntakePaused: scheduled,
  CrashesSeen: 'no process is killed; the chaos bench kills them',
  DeadLetterQueueFailures: noIncident,
  LedgerUnavailable: noIncident,
  LedgerSettleFailures: noIncident,
  CredentialRejections: noIncident,
  RelayThrottled: noIncident,
  BreakerOpened: 'chance decides whether faults come close enough together, and the table keeps no count of openings',
  CredentialRefreshes: 'held by the steady-state test',
  AwsCalls: 'held by the steady-state test',
  ConnectionsFailedDns: neverFails,
  ConnectionsFailedConnect: neverFails,
  ConnectionsFailedTls: neverFails,
  ConnectionsFailedGreeting: neverFails,
  ConnectionsFailedAuth: neverFails,
  TimeLeft: duration,
  OldestUndeliveredAge: duration,
  SendDurationAccepted: duration,
  SendDurationDeferred: duration,
  SendDurationRefused: duration,
  SendDurationFailed: duration,
  QueueWaitDuration: duration,
  ClaimDuration: duration,
  ChooseDuration: duration,
  ConnectDuration: duration,
  TlsDuration: duration,
  AuthDuration: duration,
  EnvelopeDuration: duration,
  DataDuration: duration,
  SettleDuration: duration,
};
