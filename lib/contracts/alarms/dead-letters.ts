import type { StageSum } from '../metrics.ts';
import { type AlarmDefinition, atLeast } from './definition.ts';

const entries = (own: StageSum, threshold: number) => () =>
  atLeast(threshold, 'entries', { metrics: { entries: [{ own }, 'Sum'] } });

const list = 'List the entries with their reasons.';

/** Is any mail given up, and why? One alarm while entries lie there, and one by class of reason when new ones come. */
export const deadLetterAlarms = {
  DeadLetterQueueNotEmpty: {
    scope: 'stage',
    rule: () =>
      atLeast(1, 'entries', {
        metrics: { entries: [{ queue: 'deadLetters', name: 'ApproximateNumberOfMessagesVisible' }, 'Maximum'] },
      }),
    meaning: 'Entries lie in the dead-letter queue. SQS deletes each 14 days after its failure.',
    first: list,
  },
  DeadLetterQueueFailing: {
    scope: 'stage',
    // Who finds the queue failing comes back after minutes: three periods, so that the alarm lasts until then.
    rule: () =>
      atLeast(1, 'entries refused', {
        metrics: { refused: [{ own: 'DeadLetterQueueFailures' }, 'Sum'] },
        breaching: 1,
        periods: 3,
      }),
    meaning:
      'The dead-letter queue takes no entries: mail that is given up stays in the intake queue, and none is lost.',
    first: 'Read the error in the log.',
  },
  DeadLettersRejected: {
    scope: 'stage',
    rule: entries('DeadLettersRejected', 20),
    meaning: 'Relays refuse many mails for good (5xx). Single ones are routine; so many have one cause.',
    first: 'Look for the reply that most entries share.',
  },
  DeadLettersExpired: {
    scope: 'stage',
    rule: entries('DeadLettersExpired', 1),
    meaning: 'Mail passed the expiry that its publisher gave it before a relay took it.',
    first: 'Look whether mail is late, or the expiry too short.',
  },
  DeadLettersExhausted: {
    scope: 'stage',
    rule: entries('DeadLettersExhausted', 1),
    meaning: 'Mail was tried for the whole retry window and is given up.',
    first: 'Read the last reply of the entries.',
  },
  DeadLettersInvalid: {
    scope: 'stage',
    rule: entries('DeadLettersInvalid', 1),
    meaning:
      'A publisher sends messages that cannot be mail: malformed, not allowed, an attachment gone, a key used twice.',
    first: 'Read the rule that an entry broke, and tell the publisher.',
  },
  DeadLettersUncertain: {
    scope: 'stage',
    rule: entries('DeadLettersUncertain', 1),
    meaning: 'Mail may or may not have been delivered, and its publisher wants no second copy.',
    first: "Ask the relay's log whether it took the mail.",
  },
  DeadLettersPoison: {
    scope: 'stage',
    rule: entries('DeadLettersPoison', 1),
    meaning: 'A mail has ended the sender five times and was taken out.',
    first: 'Keep the entry, and look at the sender errors of that time.',
  },
  DeadLettersBounceUndeliverable: {
    scope: 'stage',
    where: ({ bounces }) => bounces.mode !== 'off',
    rule: entries('DeadLettersBounceUndeliverable', 1),
    meaning: 'A bounce has nowhere to go: nobody learns that the mail failed.',
    first: 'Look at the return path of the entry.',
  },
} as const satisfies Readonly<Record<string, AlarmDefinition>>;
