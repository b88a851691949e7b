import { describe, expect, it } from 'vitest';
import { type Comparison, holds, relayComparisons, stageComparisons } from '../../../bench/metrics/compare.ts';
import { tallyDialogue } from '../../../bench/metrics/tally.ts';
import { alwaysZero, uncompared } from '../../../bench/metrics/uncompared.ts';
import { metrics } from '../../../lib/contracts/metrics.ts';

const comparison = (overrides: Partial<Comparison>): Comparison => ({
  metric: 'MessagesReceived',
  sum: 3,
  seen: 3,
  by: '',
  ...overrides,
});

/** What a relay hears of a dialogue: `C: ` and `S: ` say who speaks. */
function tallied(...dialogue: readonly string[]) {
  const { tally, hear } = tallyDialogue();
  for (const line of dialogue) {
    const by = line.startsWith('S') ? 'relay' : 'client';
    hear({ connection: line.slice(1, 2), by, text: line.slice(4) });
  }
  return tally;
}

describe('the comparison of metrics', () => {
  it('holds every metric, or says why not', () => {
    const witness = { relay: { name: 'primary' }, saw: { ...tallied(), dropped: 0, leftInDoubt: 0 } };
    const rows = [
      ...stageComparisons({ mails: [], ledger: [], deadLetters: [], handedOut: 0 }, [], () => 0),
      ...relayComparisons([witness], () => 0),
    ].map(({ metric }) => metric.split(' ')[0]);

    expect([...new Set([...rows, ...Object.keys(uncompared), '(none)'])].toSorted()).toEqual(
      [...Object.keys(metrics), '(none)'].toSorted(),
    );
    expect(rows.filter((metric = '') => metric in uncompared)).toEqual([]);
    expect(Object.keys(alwaysZero).filter((metric) => !rows.includes(metric))).toEqual([]);
  });

  it('is passed by no two numbers that differ, and by no two zeros without a reason', () => {
    expect(holds(comparison({}))).toBe(true);
    expect(holds(comparison({ sum: 2 }))).toBe(false);
    expect(holds(comparison({ sum: 0, seen: 0 }))).toBe(false);
    expect(holds(comparison({ metric: 'DeadLettersPoison', sum: 0, seen: 0 }))).toBe(true);
  });
});

it('a relay counts as reused what follows the first transaction of a connection', () => {
  const transaction = (connection: string) => [`C${connection}: MAIL FROM:<a@b.c>`, `S${connection}: 250 ok`];
  const greet = (connection: string) => `S${connection}: 220 hello`;

  const tally = tallied(greet('1'), ...transaction('1'), greet('2'), ...transaction('1'), ...transaction('2'));

  expect(tally).toMatchObject({ connections: 2, reused: 1 });
});
