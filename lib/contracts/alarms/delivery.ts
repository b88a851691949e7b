import type { RetryConfig } from '../stage-config.ts';
import { type AlarmDefinition, atLeast, only } from './definition.ts';

const oldest = { queue: 'intake', name: 'ApproximateAgeOfOldestMessage' } as const;
const visible = { queue: 'intake', name: 'ApproximateNumberOfMessagesVisible' } as const;
const inFlight = { queue: 'intake', name: 'ApproximateNumberOfMessagesNotVisible' } as const;
const invocations = { function: 'sender', name: 'Invocations' } as const;
const errors = { function: 'sender', name: 'Errors' } as const;

/** SQS keeps 120,000 messages in flight, mail in backoff included, and hands out nothing more then. */
const inFlightLimit = 120_000;

const fiveMinutes = 300;
const shortestLateWaitSeconds = 900;

/** Periods in which a mail in backoff is seen at least once, so that the alarm does not clear between two attempts. */
function periodsOfBackoff({ maxSeconds, jitter }: RetryConfig): number {
  const longestWait = Math.max(maxSeconds, shortestLateWaitSeconds) * (1 + jitter);
  return Math.ceil(longestWait / fiveMinutes) + 1;
}

/** Is mail going out, and is any of it stuck? */
export const deliveryAlarms = {
  NothingDelivered: {
    scope: 'stage',
    // Mail that is tried for the first time, and copies put back for want of a relay, time or ledger. Not mail in backoff,
    // and not what is never sent (malformed, expired, a duplicate): at night that may be all there is, and wakes nobody.
    rule: () =>
      atLeast(3, 'mails', {
        metrics: {
          delivered: [{ own: 'MessagesDelivered' }, 'Sum'],
          fresh: [{ own: 'QueueWaitDuration' }, 'SampleCount'],
          waiting: [{ own: 'MessagesWaiting' }, 'Sum'],
        },
        expression: 'IF(FILL(delivered, 0) > 0, 0, FILL(fresh, 0) + FILL(waiting, 0))',
        breaching: 2,
        periods: 2,
      }),
    meaning: 'The sender takes mail from the queue, and no relay has taken any of it for ten minutes.',
    first: 'Look at the state of the relays.',
  },
  QueueNotConsumed: {
    scope: 'stage',
    rule: () =>
      atLeast(1, 'mails', {
        metrics: {
          visible: [visible, 'Minimum'],
          invocations: [invocations, 'Sum'],
          errors: [errors, 'Sum'],
        },
        expression: 'IF(FILL(invocations, 0) - FILL(errors, 0) > 0, 0, visible)',
        breaching: 2,
        periods: 2,
      }),
    meaning: 'Mail lies in the intake queue, and no invocation of the sender has taken any for ten minutes.',
    first: 'Look whether the event source mapping is enabled and whether the sender fails.',
  },
  OldestUndeliveredAge: {
    scope: 'stage',
    rule: ({ config }) =>
      // The sender tells the age of mail that it puts back, the audit that of mail which nobody has come back to; SQS that of
      // mail which nobody has taken yet.
      atLeast(14_400, 'seconds', {
        metrics: { age: [{ own: 'OldestUndeliveredAge' }, 'Maximum'], queued: [oldest, 'Maximum'] },
        expression: 'IF(FILL(age, 0) > FILL(queued, 0), FILL(age, 0), FILL(queued, 0))',
        allowed: { least: 1, most: config.retry.maxAgeSeconds },
        periods: periodsOfBackoff(config.retry),
      }),
    meaning: 'A mail has been on its way for hours and is not delivered.',
    first: 'Find the mail in the log and read the last reply to it.',
  },
  MailForgotten: {
    scope: 'stage',
    where: ({ audit }) => audit.enabled,
    // The audit looks every quarter of an hour; the alarm stays until it has looked again.
    rule: () =>
      atLeast(1, 'mails', {
        metrics: {
          overdue: [{ own: 'OverdueMails' }, 'Maximum'],
          missing: [{ own: 'MailsMissingFromQueue' }, 'Maximum'],
        },
        expression: 'FILL(overdue, 0) + FILL(missing, 0)',
        periods: 4,
      }),
    meaning: 'The audit finds mail in the ledger that is not finished, and nothing carries it on.',
    first: 'List the forgotten mails.',
  },
  QueueWaitLong: {
    scope: 'stage',
    rule: ({ config }) =>
      atLeast(900, 'seconds', {
        allowed: { least: 1, most: config.retry.maxAgeSeconds },
        metrics: { wait: [{ own: 'QueueWaitDuration' }, 'p90'] },
        expression: 'wait / 1000',
        breaching: 3,
        periods: 3,
      }),
    meaning: 'New mail waits a quarter of an hour for its first attempt: more comes in than goes out.',
    first: 'Compare what comes in with what is delivered, and the send duration with what is usual.',
  },
  InFlightNearLimit: {
    scope: 'stage',
    rule: () =>
      atLeast(0.8 * inFlightLimit, 'mails', {
        metrics: { inFlight: [inFlight, 'Maximum'] },
        allowed: { least: 1, most: inFlightLimit },
      }),
    meaning: 'So much mail is in backoff that SQS will soon hand out nothing new (limit 120,000 in flight).',
    first: 'Find out which reply defers so much mail.',
  },
  IntakePaused: {
    scope: 'stage',
    rule: () =>
      atLeast(1, '(1: paused)', {
        allowed: only(1),
        metrics: { paused: [{ own: 'IntakePaused' }, 'Minimum'] },
        breaching: 2,
        periods: 2,
      }),
    meaning: 'The sender has not been fed for ten minutes: no relay can take mail, or somebody paused it.',
    first: 'Look who paused it.',
  },
  UncertainDeliveries: {
    scope: 'stage',
    rule: () => atLeast(3, 'sends', { metrics: { uncertain: [{ own: 'MessagesUncertain' }, 'Sum'] } }),
    meaning: 'Several sends ended after the final dot without a reply: nobody knows whether the relay took the mail.',
    first: 'Look which relay it is, and drain it when it is only one.',
  },
  LedgerFailing: {
    scope: 'stage',
    rule: () =>
      atLeast(3, 'failures', {
        metrics: {
          unavailable: [{ own: 'LedgerUnavailable' }, 'Sum'],
          unsettled: [{ own: 'LedgerSettleFailures' }, 'Sum'],
        },
        expression: 'FILL(unavailable, 0) + FILL(unsettled, 0)',
      }),
    meaning: 'DynamoDB refuses claims or outcomes: mail waits, or is delivered without a record of it.',
    first: 'Read the error in the log.',
  },
} as const satisfies Readonly<Record<string, AlarmDefinition>>;
