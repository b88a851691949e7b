import { auditEveryMinutes } from '../audit-environment.ts';
import { type AlarmDefinition, atLeast, only } from './definition.ts';

/** A batch that takes this share of the function's time-out ends by the time-out sooner or later. */
const nearTimeout = 0.9;

/** Is it us, or AWS? */
export const platformAlarms = {
  SenderErrors: {
    scope: 'stage',
    rule: () => atLeast(1, 'errors', { metrics: { errors: [{ function: 'sender', name: 'Errors' }, 'Sum'] } }),
    meaning: 'An invocation of the sender failed as a whole: it could not start, ran out of memory, or out of time.',
    first: 'Read the log of the failed invocation.',
  },
  SenderThrottles: {
    scope: 'stage',
    rule: () =>
      atLeast(1, 'throttled invocations', {
        metrics: { throttles: [{ function: 'sender', name: 'Throttles' }, 'Sum'] },
        breaching: 3,
        periods: 3,
      }),
    meaning: 'Lambda lets the sender run less often than the queue asks: the account has no concurrency left.',
    first: 'Look which function takes the concurrency of the account.',
  },
  SenderNearTimeout: {
    scope: 'stage',
    rule: ({ config }) =>
      atLeast(Math.round(nearTimeout * config.sender.timeoutSeconds * 1000), 'milliseconds', {
        metrics: { duration: [{ function: 'sender', name: 'Duration' }, 'Maximum'] },
        // What a batch takes at the most. Lambda tells of one that was cut off as an error.
        allowed: { least: 1, most: 1000 * config.sender.timeoutSeconds },
        breaching: 2,
        periods: 3,
      }),
    meaning: 'Batches take nearly all the time that the function has: a relay answers very slowly.',
    first: 'Look which phase takes the time, and at which relay.',
  },
  ProbeNotRunning: {
    scope: 'stage',
    rule: () =>
      atLeast(1, 'probe runs', {
        metrics: { runs: [{ own: 'ProbeRuns' }, 'Sum'] },
        // One a minute; the end of a run may fall into the next period.
        allowed: { least: 1, most: 4 },
        comparison: '<',
        breaching: 2,
        periods: 2,
        missingData: 'breaching',
      }),
    meaning:
      'No run of the probe function has come to its end for ten minutes: nobody notices a relay that fails or recovers.',
    first: 'Look whether its schedule is enabled and what its log says.',
  },
  AuditNotRunning: {
    scope: 'stage',
    where: ({ audit }) => audit.enabled,
    // Every audit that comes to its end publishes how much it found. A run may fall just beyond its quarter of an hour.
    rule: () =>
      atLeast(1, 'audits', {
        metrics: { audits: [{ own: 'OverdueMails' }, 'SampleCount'] },
        allowed: only(1),
        comparison: '<',
        periodSeconds: 60 * auditEveryMinutes,
        breaching: 3,
        periods: 3,
        missingData: 'breaching',
      }),
    meaning: 'No audit has come to its end for three quarters of an hour: nobody notices mail that is forgotten.',
    first: "Read the error in the function's log.",
  },
  EventsGivenUp: {
    scope: 'stage',
    where: ({ events }) => events.busName !== undefined,
    rule: () =>
      atLeast(1, 'entries', {
        metrics: { entries: [{ queue: 'eventsFailed', name: 'ApproximateNumberOfMessagesVisible' }, 'Maximum'] },
      }),
    meaning:
      'Outcome events were given up, after 12 hours of repeats or because a change of the ledger cannot be read: ' +
      'subscribers do not know what became of some mails.',
    first: "Read in the function's log whether the bus refuses them or a change is unreadable.",
  },
  TelemetrySilent: {
    scope: 'stage',
    rule: () =>
      atLeast(1, '(1: silent)', {
        allowed: only(1),
        metrics: {
          invocations: [{ function: 'sender', name: 'Invocations' }, 'Sum'],
          errors: [{ function: 'sender', name: 'Errors' }, 'Sum'],
          received: [{ own: 'MessagesReceived' }, 'Sum'],
        },
        expression: 'IF((FILL(invocations, 0) - FILL(errors, 0) > 0) AND (FILL(received, 0) == 0), 1, 0)',
        breaching: 3,
        periods: 3,
      }),
    meaning: 'The sender runs, and none of its metrics arrive: all other alarms on its metrics are blind.',
    first: 'Look whether the log group receives lines.',
  },
} as const satisfies Readonly<Record<string, AlarmDefinition>>;
