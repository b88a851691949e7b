import { type MessageAttributeValue, SendMessageCommand } from '@aws-sdk/client-sqs';
import { pace } from '../shared/pace.ts';
import type { Entry } from './entry.ts';
import { finish } from './finish.ts';
import { describeForecast, type Forecast, forecast } from './forecast.ts';
import { summaryOf } from './list.ts';
import type { Session } from './session.ts';
import { type Outcome, sweep } from './sweep.ts';
import { printable } from './words.ts';

/**
 * Puts entries back into the intake queue: send, then delete. Between the two both queues have the entry, and a redrive of
 * the same entry is a duplicate to the ledger: the first copy that is claimed takes the dead letter off the mail's record.
 */
export async function redrive(session: Session): Promise<number> {
  const { options, target, clock, signal, print } = session;
  const turn = pace(options.rate, clock, signal);
  const intakeQueue = target.output('IntakeQueueUrl');
  let leftOut = 0;

  async function act(entry: Entry, remove: () => Promise<void>): Promise<Outcome> {
    if (isDoubtful(entry, session)) {
      leftOut += 1;
      return 'skipped';
    }
    if (!options.yes) {
      const outlook = forecast(entry, await session.ledger.read(entry.key), clock.now());
      print(
        options.json ? JSON.stringify({ ...summaryOf(entry), forecast: outlook }) : printable(announce(entry, outlook)),
      );
      return 'done';
    }
    if (!(await turn())) return 'skipped';
    await target.sqs.send(
      new SendMessageCommand({
        QueueUrl: intakeQueue,
        MessageBody: entry.body,
        MessageAttributes: identityOf(entry),
      }),
    );
    await remove();
    if (options.json) print(JSON.stringify({ id: entry.id, idempotencyKey: entry.key, redriven: true }));
    return 'done';
  }

  const tally = await sweep(session, { done: options.yes ? 'redriven' : 'would be redriven', act });
  if (leftOut > 0) {
    session.note(
      `${leftOut} uncertain left out: they may have arrived. Ask for them with --reason uncertain or by ID.`,
    );
  }
  return finish(session, tally, { done: 'redriven', would: 'would be redriven' });
}

/** What the sender knows the mail and its failed recipients by (contract "Dead-letter entry"). */
export function identityOf({ key, deadLetterId }: Entry): Record<string, MessageAttributeValue> {
  return {
    idempotencyKey: { DataType: 'String', StringValue: key },
    ...(deadLetterId === undefined ? {} : { deadLetterId: { DataType: 'String', StringValue: deadLetterId } }),
  };
}

function isDoubtful({ reason }: Entry, { options: { filter } }: Session): boolean {
  return reason === 'uncertain' && !filter.reasons.includes(reason) && filter.ids.length === 0;
}

function announce({ id, reason }: Entry, outlook: Forecast): string {
  return `${id}  ${reason}: ${describeForecast(outlook)}`;
}
