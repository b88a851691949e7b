import type { Clock } from '../../lib/platform/clock.ts';
import { queueDepth } from '../../ops/dlq/queue-depth.ts';
import type { Target } from '../../ops/shared/target.ts';
import type { Mailbox } from '../mailbox/mailbox.ts';
import type { Monitor } from '../metrics/monitor.ts';
import { alarmViews, transitionViews } from './alarms.ts';
import { mailboxView } from './mails.ts';
import type { ConsoleState } from './model.ts';
import { deadLetterView, intakeView } from './queues.ts';
import type { RelayRoom } from './relays.ts';

export interface StateSources {
  readonly stage: string;
  readonly monitor: Monitor;
  readonly mailbox: Mailbox;
  readonly target: Target;
  /** Endpoint of the SQS emulator. */
  readonly sqs: string;
  readonly relays: RelayRoom;
  readonly clock: Clock;
}

/** Everything the page shows but the graphs. */
export async function readState({ stage, monitor, mailbox, target, sqs, relays }: StateSources): Promise<ConsoleState> {
  const look = async (url: string) => {
    const { visible, hidden } = await queueDepth(target.sqs, url);
    return { sqs, queueName: url.slice(url.lastIndexOf('/') + 1), total: visible + hidden };
  };
  const [room, intake, deadLetters, mails] = await Promise.all([
    relays.read(),
    look(target.output('IntakeQueueUrl')).then(intakeView),
    look(target.output('DeadLetterQueueUrl')).then(deadLetterView),
    mailboxView(mailbox),
  ]);
  return {
    stage,
    timeScale: monitor.time.scale,
    alarms: alarmViews(monitor.board.standings(), stage),
    transitions: transitionViews(monitor.board.transitions(), stage),
    ...room,
    intake,
    deadLetters,
    mailbox: mails,
  };
}
