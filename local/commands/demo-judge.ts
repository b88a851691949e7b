import type { LedgerItem } from '../../lib/ledger/item.ts';
import { describeDetail } from '../../ops/dlq/words.ts';
import type { DeadLetterView } from './dead-letters.ts';
import type { DemoCase } from './demo-cases.ts';

/** What became of one case. */
export interface Observed {
  /** A line per recipient and copy in the mailbox. */
  readonly delivered: readonly { readonly to: string; readonly relay: string }[];
  readonly deadLetters: readonly DeadLetterView[];
  /** Relays that failed for this mail, as the sender's log says. */
  readonly relayFaults: readonly string[];
  readonly item?: LedgerItem;
}

/** Every way in which a case did not end as expected; empty when it did. */
export function judge({ expected }: DemoCase, observed: Observed): readonly string[] {
  const { delivered, deadLetters, relayFaults, item } = observed;
  return [
    ...deliveryFaults(expected.delivered, countBy(delivered.map(({ to }) => to))),
    ...delivered
      .filter(({ relay }) => expected.by !== undefined && relay !== expected.by)
      .map(({ to, relay }) => `${to} was taken by ${relay}, not by ${expected.by}`),
    ...(expected.failedOverFrom !== undefined && !relayFaults.includes(expected.failedOverFrom)
      ? [`${expected.failedOverFrom} was not tried before`]
      : []),
    ...(expected.attempts !== undefined && (item?.attempts ?? 0) < expected.attempts
      ? [`${item?.attempts ?? 0} attempts were charged, not ${expected.attempts}`]
      : []),
    ...(item !== undefined && item.state !== 'settled' ? [`the ledger says ${item.state}`] : []),
    ...deadLetterFaults(expected.deadLetter, deadLetters),
  ];
}

function deliveryFaults(
  expected: Readonly<Record<string, number>>,
  delivered: ReadonlyMap<string, number>,
): readonly string[] {
  const everybody = new Set([...Object.keys(expected), ...delivered.keys()]);
  return [...everybody]
    .filter((address) => (delivered.get(address) ?? 0) !== (expected[address] ?? 0))
    .map((address) => `${address} got ${delivered.get(address) ?? 0} copies, not ${expected[address] ?? 0}`);
}

function deadLetterFaults(
  expected: DemoCase['expected']['deadLetter'],
  entries: readonly DeadLetterView[],
): readonly string[] {
  const [entry, ...more] = entries;
  if (expected === undefined) return entries.map(({ reason }) => `it was dead-lettered: ${reason}`);
  if (entry === undefined) return [`it was not dead-lettered (${expected.reason})`];
  const text = describeDetail(entry).join('\n');
  return [
    ...(entry.reason === expected.reason ? [] : [`it was dead-lettered as ${entry.reason}, not as ${expected.reason}`]),
    ...expected.says.filter((part) => !text.includes(part)).map((part) => `the dead letter does not say "${part}"`),
    ...more.map(({ reason }) => `there is another dead letter: ${reason}`),
  ];
}

/** What happened, for people. */
export function describeObserved({ delivered, relayFaults, item }: Observed): string {
  const copies = [...countBy(delivered.map(({ to, relay }) => `${to} by ${relay}`))].map(
    ([text, count]) => `delivered to ${text}${count === 1 ? '' : `, ${count} times`}`,
  );
  const doubts = Object.values(item?.recipients ?? {}).reduce((sum, record) => sum + (record.doubts ?? 0), 0);
  return [
    ...(copies.length === 0 ? ['not delivered'] : copies),
    ...relayFaults.map((relay) => `${relay} could not be reached`),
    ...(item !== undefined && item.attempts > 1 ? [`after ${item.attempts} attempts`] : []),
    ...(doubts === 0 ? [] : [`${doubts} ${doubts === 1 ? 'delivery' : 'deliveries'} in doubt`]),
  ].join('\n');
}

function countBy(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
