import CliTable from 'cli-table3';
import pc from 'picocolors';
import { describeDetail } from '../../ops/dlq/words.ts';
import type { DemoCase } from './demo-cases.ts';
import { describeObserved, type Observed } from './demo-judge.ts';

export interface DemoResult {
  readonly demo: DemoCase;
  readonly seen: Observed;
  readonly wrong: readonly string[];
}

/** A row per case, as wide as the terminal. */
export function demoTable(results: readonly DemoResult[], columns: number): string {
  const [title, verdict, borders] = [24, 6, 5];
  const rest = Math.max(60, Math.min(columns, 160) - title - verdict - borders);
  const table = new CliTable({
    head: ['Sent', 'What became of it', 'Dead letter', ''],
    colWidths: [title, Math.floor(rest * 0.45), Math.ceil(rest * 0.55), verdict],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const { demo, seen, wrong } of results) {
    const entries = seen.deadLetters.map((entry) => [pc.bold(entry.reason), ...describeDetail(entry)].join('\n'));
    const mark = wrong.length === 0 ? pc.green('ok') : pc.red('no');
    table.push([demo.title, describeObserved(seen), entries.join('\n'), mark]);
  }
  return table.toString();
}
