import CliTable from 'cli-table3';
import type { Finding, FindingKind } from '../../lib/audit/judge.ts';
import type { AuditReport, Pause } from '../../lib/audit/run.ts';
import { printable } from '../dlq/words.ts';
import { describeDuration } from '../shared/duration.ts';

/** Typed by the audit, so that a new kind must be explained here. */
const meanings: Readonly<Record<FindingKind, string>> = {
  unreadable: 'the ledger item makes no sense to this version',
  'dead-letter-missing': 'given up, and no dead-letter entry says so',
  'dead-letter-pending': 'owed to the dead-letter queue',
  'bounce-missing': 'in the dead-letter queue, its sender was not told',
  'window-passed': 'past its retry window or expiry, not given up',
  'lease-ended': 'a send was cut short, and nobody has looked since',
  'uncertain-unresolved': 'in doubt, the second send is overdue',
  'attempt-overdue': 'the next attempt is overdue',
};

/** The report for people. `columns`: of the terminal. */
export function describeReport(report: AuditReport, now: number, columns: number): string {
  const { findings, truncated } = report;
  const lines = findings.length === 0 ? ['No mail is forgotten.'] : [tableOf(findings, now, columns)];
  if (truncated) lines.push('This is not all: there is more than the audit looks at in one run.');
  return [...lines, ...surroundings(report, now)].join('\n');
}

function surroundings({ unfinished, intakeMessages, missingFromQueue, pause }: AuditReport, now: number) {
  const missing =
    missingFromQueue === 0 ? '' : ` At least ${missingFromQueue} have no message any more that could carry them on.`;
  const counts = `${unfinished} unfinished in the ledger, about ${intakeMessages} ${intakeMessages === 1 ? 'message' : 'messages'} in the intake queue.${missing}`;
  return pause === undefined ? [counts] : [counts, `${pausing(pause, now)}: mail that only waits is not listed.`];
}

function pausing({ since, resumedAt }: Pause, now: number): string {
  if (resumedAt === undefined) return `The intake is paused since ${describeDuration(now - since)}`;
  return `The intake was paused until ${describeDuration(now - resumedAt)} ago`;
}

function tableOf(findings: readonly Finding[], now: number, columns: number): string {
  const [overdue, kind, attempts, relay, borders] = [9, 32, 10, 14, 6];
  const keyWidth = Math.max(24, columns - overdue - kind - attempts - relay - borders);
  // Keys have no blanks to break at, and must be there to the last character.
  const lines = new RegExp(`.{1,${keyWidth - 2}}`, 'gu');
  const table = new CliTable({
    head: ['Overdue', 'What', 'Attempts', 'Last relay', 'Key'],
    colWidths: [overdue, kind, attempts, relay, keyWidth],
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [] },
  });
  for (const { key, kind: found, since, mayHaveIt, attempts = '?', crashes = 0, lastRelay = '' } of findings) {
    const doubt = mayHaveIt ? '\nMay have been delivered.' : '';
    table.push([
      describeDuration(now - since),
      `${found}:\n${meanings[found]}${doubt}`,
      crashes === 0 ? String(attempts) : `${attempts}, ${crashes} cut`,
      printable(lastRelay),
      (printable(key).match(lines) ?? []).join('\n'),
    ]);
  }
  return table.toString();
}
