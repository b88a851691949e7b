import { deadLetterReasons } from '../../lib/contracts/dead-letter.ts';
import { deadLetterMetrics, type MetricName } from '../../lib/contracts/metrics.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import type { DeadLetter } from '../chaos/evidence.ts';
import type { ChaosMail } from '../chaos/workload.ts';
import type { WitnessRelay } from './relays.ts';
import { alwaysZero } from './uncompared.ts';

/** A metric's sum beside what somebody else counted. */
export interface Comparison {
  readonly metric: string;
  readonly sum: number;
  readonly seen: number;
  /** Who counted, and what. */
  readonly by: string;
}

/** What is asked of a relay's account. */
interface Witness {
  readonly relay: Pick<WitnessRelay['relay'], 'name'>;
  readonly saw: Omit<WitnessRelay['saw'], 'delivered'>;
}

/** What a run has left behind. */
export interface Facts {
  readonly mails: readonly ChaosMail[];
  readonly ledger: readonly LedgerItem[];
  readonly deadLetters: readonly DeadLetter[];
  /** Messages in the events that the sender was invoked with. */
  readonly handedOut: number;
}

/** Both counted the same, and not just nothing: where nothing is right, `alwaysZero` says why. */
export function holds({ metric, sum, seen }: Comparison): boolean {
  return sum === seen && (sum > 0 || Object.hasOwn(alwaysZero, metric));
}

export type SumOf = (metric: MetricName, dimensions: Readonly<Record<string, string>>) => number;

export function stageComparisons(
  { mails, ledger, deadLetters, handedOut }: Facts,
  witnesses: readonly Witness[],
  sumOf: SumOf,
): readonly Comparison[] {
  const published = total(mails, ({ copies }) => copies);
  const refusedUnread = deadLetters.filter(({ reason }) => reason === 'malformed' || reason === 'key-conflict').length;
  const delivered = ledger.filter((item) => statuses(item).includes('accepted'));
  const duplicates = published - ledger.length - refusedUnread;
  const deferrals = total(ledger, ({ attempts }) => Math.max(0, attempts - 1));
  const stageRows: readonly [MetricName, number, string][] = [
    ['MessagesReceived', handedOut, 'records in the sender’s invocations'],
    ['MessagesDelivered', delivered.length, 'mails in the ledger that somebody accepted'],
    ['AttemptsPerDelivery', total(delivered, ({ attempts }) => attempts), 'their attempts in the ledger'],
    ['MessagesDeferred', deferrals, 'attempts but each mail’s last'],
    ['MessagesUncertain', total(witnesses, ({ saw }) => saw.leftInDoubt), 'relays hung up after the final dot'],
    ['DuplicatesSuppressed', duplicates, 'messages published beyond each mail’s first'],
  ];
  return [
    ...stageRows.map(([metric, seen, by]) => ({ metric, sum: sumOf(metric, {}), seen, by })),
    ...deadLetterRows(deadLetters, sumOf),
  ];
}

function deadLetterRows(deadLetters: readonly DeadLetter[], sumOf: SumOf): readonly Comparison[] {
  const known = new Map<string, MetricName>(deadLetterReasons.map((reason) => [reason, deadLetterMetrics[reason]]));
  const rows = [...new Set(known.values())].map((metric) => {
    const reasons = deadLetterReasons.filter((reason) => known.get(reason) === metric);
    const seen = deadLetters.filter(({ reason }) => known.get(reason) === metric).length;
    return { metric, sum: sumOf(metric, {}), seen, by: `entries in the queue: ${reasons.join(', ')}` };
  });
  const strays = deadLetters.filter(({ reason }) => !known.has(reason)).length;
  return [...rows, { metric: '(none)', sum: 0, seen: strays, by: 'entries in the queue that SQS moved by itself' }];
}

export function relayComparisons(witnesses: readonly Witness[], sumOf: SumOf): readonly Comparison[] {
  return witnesses.flatMap(({ relay: { name }, saw }) => {
    const rows: readonly [MetricName, number, string][] = [
      ['RecipientsAccepted', saw.accepted, 'copies answered with 250'],
      ['RecipientsDeferred', saw.deferred, 'recipients answered with 4xx'],
      ['RecipientsRefused', saw.refused, 'recipients answered with 5xx'],
      ['ConnectionsOpened', saw.connections, 'connections'],
      ['ConnectionsClosed', saw.farewells, 'QUITs answered with 221'],
      ['ConnectionsReused', saw.reused, 'transactions but each connection’s first'],
      ['ConnectionsLost', saw.dropped, 'connections dropped'],
    ];
    return rows.map(([metric, seen, by]) => ({
      metric: `${metric} ${name}`,
      sum: sumOf(metric, { relay: name }),
      seen,
      by: `${name}: ${by}`,
    }));
  });
}

function statuses({ recipients }: LedgerItem): readonly string[] {
  return Object.values(recipients).map(({ status }) => status);
}

function total<T>(all: readonly T[], count: (one: T) => number): number {
  return all.reduce((sum, one) => sum + count(one), 0);
}
