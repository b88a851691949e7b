/** Every alarm, the one that pages first, the others in the order in which on-call looks. */
export const alarmNames = [
  'MailNotGoingOut',

  'NothingDelivered',
  'QueueNotConsumed',
  'OldestUndeliveredAge',
  'MailForgotten',
  'QueueWaitLong',
  'InFlightNearLimit',
  'IntakePaused',
  'UncertainDeliveries',
  'LedgerFailing',

  'AllRelaysOffline',
  'TierOffline',
  'RelayOffline',
  'RelayUnconfigured',
  'CredentialsRejected',

  'DeadLetterQueueNotEmpty',
  'DeadLetterQueueFailing',
  'DeadLettersRejected',
  'DeadLettersExpired',
  'DeadLettersExhausted',
  'DeadLettersInvalid',
  'DeadLettersUncertain',
  'DeadLettersPoison',
  'DeadLettersBounceUndeliverable',

  'SenderErrors',
  'SenderThrottles',
  'SenderNearTimeout',
  'ProbeNotRunning',
  'AuditNotRunning',
  'EventsGivenUp',
  'TelemetrySilent',
] as const;

export type AlarmName = (typeof alarmNames)[number];

/** Composed of the states of other alarms, so that it has no threshold. */
export type CompositeAlarmName = 'MailNotGoingOut';
export type MetricAlarmName = Exclude<AlarmName, CompositeAlarmName>;

export const metricAlarmNames: readonly MetricAlarmName[] = alarmNames.filter((name) => name !== 'MailNotGoingOut');
