import { type MessageAttributeValue, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { LedgerItem } from '../../lib/ledger/item.ts';
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
  const { options, target, clock, signal, print, note } = session;
  const turn = pace(options.rate, clock, signal);
  const intakeQueue = target.output('IntakeQueueUrl');
  const leftOut = { uncertain: 0, unrecorded: 0 };

  async function act(entry: Entry, remove: () => Promise<void>): Promise<Outcome> {
    const stored = await session.ledger.read(entry.key);
    const outlook = forecast(entry, stored, clock.now());
    const risk = options.filter.ids.length > 0 ? undefined : riskOf(entry, stored, outlook, session);
    if (risk !== undefined) {
      leftOut[risk] += 1;
      return 'skipped';
    }
    if (!options.yes) {
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
  noteLeftOut(leftOut, note);
  return finish(session, tally, { done: 'redriven', would: 'would be redriven' });
}

/** What the sender knows the mail and its failed recipients by (contract "Dead-letter entry"). */
export function identityOf({ key, deadLetterId }: Entry): Record<string, MessageAttributeValue> {
  return {
    idempotencyKey: { DataType: 'String', StringValue: key },
    ...(deadLetterId === undefined ? {} : { deadLetterId: { DataType: 'String', StringValue: deadLetterId } }),
  };
}

function noteLeftOut({ uncertain, unrecorded }: Readonly<Record<Risk, number>>, note: (text: string) => void): void {
  if (uncertain > 0) {
    note(
      `${uncertain} uncertain left out: they may have arrived. Ask for them by ID, or for all with --reason uncertain ` +
        'beside any other reason.',
    );
  }
  if (unrecorded > 0) {
    note(
      `${unrecorded} left out because the ledger has no record of them: recipients that have the mail would get it ` +
        'again. Ask for them by ID.',
    );
  }
}

type Risk = 'uncertain' | 'unrecorded';

/** Why a redrive could send the mail to somebody who has it, or undefined. */
function riskOf(
  { reason, detail, deadLetterId }: Entry,
  stored: LedgerItem | undefined,
  outlook: Forecast,
  { options: { filter }, clock }: Session,
): Risk | undefined {
  if (!filter.reasons.includes('uncertain')) {
    if (reason === 'uncertain' || (outlook.kind === 'send' && outlook.doubtful.length > 0)) return 'uncertain';
    // Nobody else carries on what SQS moved by itself in the middle of a send.
    const unknownEnd = deadLetterId === undefined && outlook.kind === 'on-its-way' && outlook.inFlight.length > 0;
    if (unknownEnd) return 'uncertain';
  }
  // Recipients were tried, so the ledger must know which of them have the mail.
  const tried = (detail.recipients ?? []).length > 0;
  return tried && (stored === undefined || stored.ttl * 1000 <= clock.now()) ? 'unrecorded' : undefined;
}

function announce({ id, reason }: Entry, outlook: Forecast): string {
  return `${id}  ${reason}: ${describeForecast(outlook)}`;
}
