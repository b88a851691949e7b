import { parseArgs } from 'node:util';
import { seeded } from '../../test/support/random.ts';
import { makeMails } from '../chaos/workload.ts';
import { type Comparison, holds } from './compare.ts';
import { benchMetrics } from './run.ts';

const progressMs = 10_000;

/** The sums of the metrics against what relays, ledger and dead-letter queue saw. */
export async function metrics(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mails: { type: 'string', default: '10000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const seed = Number(values.seed);
  console.log(`${values.mails} mails, seed ${seed}; relays defer, refuse and hang up at random; no probes`);
  const random = seeded(seed);
  const startedAt = Date.now();
  let shownAt = startedAt;
  const comparisons = await benchMetrics({
    mails: makeMails(Number(values.mails), random),
    seed,
    random,
    onProgress: (line) => {
      if (Date.now() - shownAt < progressMs) return;
      shownAt = Date.now();
      console.log(line);
    },
  });
  for (const comparison of comparisons) console.log(lineOf(comparison));
  const wrong = comparisons.filter((comparison) => !holds(comparison)).length;
  console.log(
    `${wrong} of ${comparisons.length} sums differ or are 0, in ${Math.round((Date.now() - startedAt) / 1000)} s`,
  );
  return wrong === 0 ? 0 : 1;
}

function lineOf(comparison: Comparison): string {
  const { metric, sum, seen, by } = comparison;
  const mark = holds(comparison) ? '  ok   ' : 'WRONG  ';
  return `${mark}${metric.padEnd(31)}${String(sum).padStart(7)}${String(seen).padStart(8)}  ${by}`;
}
