import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { type Graphs, question } from './dashboard-graphs.ts';

/** Are mails going out? */
export function goingOut(graphs: Graphs): IWidget[][] {
  const p = (name: Parameters<Graphs['own']>[0], label: string, statistic: string) =>
    graphs.own(name, `${label} ${statistic}`, { statistic });
  return [
    [question('Are mails going out?')],
    [
      graphs.graph({
        title: 'Mail',
        width: 12,
        lines: graphs.sums([
          ['MessagesReceived', 'received (each copy)'],
          ['MessagesDelivered', 'delivered'],
          ['MessagesDeferred', 'deferred by a relay'],
          ['MessagesWaiting', 'put back: no relay, time or service'],
          ['DuplicatesSuppressed', 'duplicates suppressed'],
        ]),
        right: graphs.sums([
          ['BouncesPublished', 'bounces published'],
          ['OutcomeEventsPublished', 'outcome events published'],
          ['OutcomeEventsFailed', 'mails whose outcome events are not on the bus'],
        ]),
      }),
      graphs.graph({
        title: 'Waits while nothing goes out',
        width: 6,
        lines: [...graphs.watchedBy('NothingDelivered'), ...graphs.watchedBy('QueueNotConsumed')],
        unit: 'mails',
        thresholds: ['NothingDelivered', 'QueueNotConsumed'],
      }),
      graphs.graph({
        title: 'Intake paused (1: paused)',
        width: 6,
        lines: graphs.watchedBy('IntakePaused'),
        thresholds: ['IntakePaused'],
      }),
    ],
    [
      graphs.graph({
        title: 'Wait for the first attempt, p90',
        width: 8,
        lines: graphs.watchedBy('QueueWaitLong'),
        unit: 'seconds',
        thresholds: ['QueueWaitLong'],
      }),
      graphs.graph({
        title: 'Send duration by result',
        width: 8,
        lines: [
          p('SendDurationAccepted', 'accepted', 'p50'),
          p('SendDurationAccepted', 'accepted', 'p99'),
          p('SendDurationDeferred', 'deferred', 'p99'),
          p('SendDurationRefused', 'refused', 'p99'),
          p('SendDurationFailed', 'no reply', 'p99'),
        ],
        unit: 'milliseconds',
      }),
      graphs.graph({
        title: 'Attempts per delivered mail',
        width: 8,
        lines: [p('AttemptsPerDelivery', 'attempts', 'Average'), p('AttemptsPerDelivery', 'attempts', 'p99')],
      }),
    ],
  ];
}

/** Are any lost or stuck? */
export function lostOrStuck(graphs: Graphs): IWidget[][] {
  return [
    [question('Are any lost or stuck?')],
    [
      graphs.graph({
        title: 'Oldest undelivered mail',
        width: 8,
        lines: graphs.watchedBy('OldestUndeliveredAge'),
        unit: 'seconds',
        thresholds: ['OldestUndeliveredAge'],
      }),
      graphs.graph({
        title: 'New dead letters by reason',
        width: 8,
        lines: graphs.sums([
          ['DeadLettersRejected', 'rejected'],
          ['DeadLettersExpired', 'expired'],
          ['DeadLettersExhausted', 'retry-exhausted'],
          ['DeadLettersInvalid', "publisher's fault"],
          ['DeadLettersUncertain', 'uncertain'],
          ['DeadLettersPoison', 'poison'],
          ['DeadLettersBounceUndeliverable', 'bounce-undeliverable'],
        ]),
        stacked: true,
        thresholds: ['DeadLettersRejected'],
      }),
      graphs.graph({
        title: 'Entries in the dead-letter queue',
        width: 8,
        lines: graphs.watchedBy('DeadLetterQueueNotEmpty'),
        right: [graphs.own('DeadLetterQueueFailures', 'not taken by the queue')],
        thresholds: ['DeadLetterQueueNotEmpty'],
      }),
    ],
    [
      graphs.graph({
        title: 'In flight and in backoff',
        width: 8,
        lines: graphs.watchedBy('InFlightNearLimit'),
        right: [graphs.of({ queue: 'intake', name: 'ApproximateNumberOfMessagesVisible' }, 'visible', 'Maximum')],
        unit: 'mails',
        thresholds: ['InFlightNearLimit'],
      }),
      graphs.graph({
        title: 'Sends without an answer or a record',
        width: 8,
        lines: [...graphs.watchedBy('UncertainDeliveries'), graphs.own('CrashesSeen', 'leases without an outcome')],
        thresholds: ['UncertainDeliveries'],
      }),
      graphs.graph({
        title: 'Forgotten mail (audit)',
        width: 8,
        lines: graphs.watchedBy('MailForgotten'),
        thresholds: ['MailForgotten'],
      }),
    ],
  ];
}
