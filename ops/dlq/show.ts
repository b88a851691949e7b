import type { LedgerItem, RecipientRecord } from '../../lib/ledger/item.ts';
import { CommandError, errorText } from '../shared/command.ts';
import { describeDuration } from '../shared/duration.ts';
import { archived } from './archive.ts';
import type { Entry } from './entry.ts';
import { describeForecast, type Forecast, forecast } from './forecast.ts';
import { readBody } from './read-body.ts';
import type { Session } from './session.ts';
import { exitCode, sweep } from './sweep.ts';
import { describeDetail, explainReason, printable, replyText } from './words.ts';

/** Shows everything that can be made out about one entry. Exit code 1: there is none with that id. */
export async function show(session: Session): Promise<number> {
  const { options, print, note, clock, ledger } = session;
  let found: Entry | undefined;
  const tally = await sweep(session, {
    done: 'found',
    act: async (entry) => {
      found = entry;
      return 'done';
    },
    enough: () => found !== undefined,
  });
  if (found === undefined) {
    note(
      `The dead-letter queue has no entry ${options.filter.ids.join('')}${tally.interrupted ? ', as far as it was looked through' : ''}.`,
    );
    return 1;
  }
  const stored = await ledger.read(found.key).catch((error: unknown) => {
    throw new CommandError(`The ledger cannot be read: ${errorText(error)}`, 1, { cause: error });
  });
  const outlook = forecast(found, stored, clock.now());
  print(
    options.json
      ? JSON.stringify({ ...archived(found), ledger: stored, forecast: outlook })
      : printable(describeEntry(found, stored, outlook, clock.now())),
  );
  return exitCode(tally);
}

function describeEntry(entry: Entry, stored: LedgerItem | undefined, outlook: Forecast, now: number): string {
  const { id, reason, key, since, attempts, firstSeenAt, sourceMessageId, messageId } = entry;
  return [
    ...facts({
      Entry: id,
      Reason: `${reason}. ${explainReason(reason)}`,
      Since: ago(since, now),
      'First seen': firstSeenAt === undefined ? undefined : ago(firstSeenAt, now),
      Attempts: attempts,
      Key: key,
      'SQS message': sourceMessageId === undefined ? messageId : `${messageId}, was ${sourceMessageId}`,
    }),
    ...section('Why', describeDetail(entry)),
    ...section('Mail', describeMail(entry)),
    ...section('Ledger', describeLedger(stored, now)),
    ...section('A redrive', [describeForecast(outlook)]),
  ].join('\n');
}

function facts(values: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(12)} ${value}`],
  );
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

const shownCharacters = 2000;

function describeMail({ body, messageId }: Entry): readonly string[] {
  const { read, message } = readBody(body, { messageId });
  const size = `${Buffer.byteLength(body)} bytes`;
  if (!read.ok || message === undefined) {
    const rest = body.length > shownCharacters ? [`… export it for the rest`] : [];
    return [`cannot be read, ${size}:`, ...body.slice(0, shownCharacters).split('\n'), ...rest];
  }
  const { envelope, tags } = read.mail;
  const { subject, attachments = [], raw } = message;
  return facts({
    From: envelope.from === '' ? '<>' : envelope.from,
    To: envelope.to.join(', '),
    Subject: raw === undefined ? (subject ?? '') : undefined,
    Attachments:
      attachments.length === 0 ? undefined : attachments.map(({ filename }) => filename ?? 'unnamed').join(', '),
    Tags:
      Object.entries(tags)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ') || undefined,
    Size: raw === undefined ? size : `${size}, a raw message`,
  });
}

function describeLedger(stored: LedgerItem | undefined, now: number): readonly string[] {
  if (stored === undefined) return ['has no record of this key'];
  const { state, attempts, nextAttemptAt, changedAt, recipients } = stored;
  const next = nextAttemptAt === undefined ? '' : `, next attempt at ${new Date(nextAttemptAt).toISOString()}`;
  return [
    `${state} since ${ago(changedAt, now)}; ${attempts} attempts charged${next}`,
    ...Object.entries(recipients).map(([address, record]) => `${address}: ${describeRecord(record)}`),
  ];
}

function describeRecord(record: RecipientRecord): string {
  const { status, relay, doubts } = record;
  const said = replyText(record);
  const doubt = doubts === undefined ? '' : `, in doubt ${doubts === 1 ? 'once' : `${doubts} times`}`;
  return `${status}${relay === undefined ? '' : ` by ${relay}`}${doubt}${said === '' ? '' : `: ${said}`}`;
}

function ago(at: number, now: number): string {
  return `${new Date(at).toISOString()}, ${describeDuration(now - at)} ago`;
}
