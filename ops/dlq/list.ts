import CliTable from 'cli-table3';
import { describeDuration } from '../shared/duration.ts';
import type { Entry } from './entry.ts';
import { failedRecipients } from './filter.ts';
import { reasonsOf } from './finish.ts';
import type { Session } from './session.ts';
import { exitCode, sweep } from './sweep.ts';
import { describeDetail, entries, explainReason, printable } from './words.ts';

/** Lists entries, oldest first: a table, or one JSON document a line. */
export async function list(session: Session): Promise<number> {
  const { options, print, clock, columns } = session;
  const rows: Row[] = [];
  const tally = await sweep(session, {
    done: 'listed',
    act: async (entry) => {
      if (options.json) print(JSON.stringify(summaryOf(entry)));
      else rows.push(rowOf(entry));
      return 'done';
    },
  });
  if (options.json) print(JSON.stringify({ summary: tally }));
  else {
    rows.sort((a, b) => a.since - b.since);
    if (rows.length > 0) print(tableOf(rows, clock.now(), columns));
    print(`${entries(tally.matched)} of ${tally.looked}${tally.looked === 0 ? '' : `: ${reasonsOf(tally)}`}`);
  }
  return exitCode(tally);
}

/** An entry for scripts, without the mail itself. Times are ISO 8601. */
export function summaryOf(entry: Entry): object {
  const { id, messageId, reason, key, deadLetterId, attempts, since, detail } = entry;
  return {
    id,
    messageId,
    reason,
    idempotencyKey: key,
    deadLetterId,
    attempts,
    since: new Date(since).toISOString(),
    recipients: failedRecipients(entry).map(({ address }) => address),
    detail,
  };
}

/** What a row of the table needs; bodies would fill the memory. */
interface Row {
  readonly id: string;
  readonly since: number;
  readonly reason: string;
  readonly why: string;
}

const shownSentences = 3;

function rowOf(entry: Entry): Row {
  const { id, since, reason } = entry;
  const sentences = describeDetail(entry);
  const shown = sentences.length === 0 ? [explainReason(reason)] : sentences.slice(0, shownSentences);
  const more = sentences.length > shownSentences ? [`… ${sentences.length - shownSentences} more`] : [];
  return { id, since, reason, why: printable([...shown, ...more].join('\n')) };
}

function tableOf(rows: readonly Row[], now: number, columns: number): string {
  const [id, age, reason, borders] = [38, 6, 16, 5];
  const table = new CliTable({
    head: ['ID', 'Age', 'Reason', 'Why'],
    colWidths: [id, age, reason, Math.max(30, columns - id - age - reason - borders)],
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    table.push([printable(row.id), describeDuration(now - row.since), printable(row.reason), row.why]);
  }
  return table.toString();
}
