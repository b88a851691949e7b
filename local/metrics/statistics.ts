/** CloudWatch's word for what is made of a period's values: `Sum`, `Average`, `p99` and so on. */
export type Statistic = 'Sum' | 'Average' | 'Minimum' | 'Maximum' | 'SampleCount' | `p${number}`;

/** @throws Error for a statistic that a local run does not compute */
export function readStatistic(text: string): Statistic {
  if (text === 'Sum' || text === 'Average' || text === 'Minimum' || text === 'Maximum' || text === 'SampleCount') {
    return text;
  }
  const percent = Number(/^p(\d{1,2}(?:\.\d+)?|100)$/.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(percent)) throw new Error(`the statistic ${text} is not supported in a local run`);
  return `p${percent}`;
}

/** Undefined when there are no values: then there is no datapoint. */
export function statisticOf(statistic: Statistic, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  switch (statistic) {
    case 'Sum':
      return sum(values);
    case 'Average':
      return sum(values) / values.length;
    case 'Minimum':
      return values.reduce((least, value) => Math.min(least, value));
    case 'Maximum':
      return values.reduce((most, value) => Math.max(most, value));
    case 'SampleCount':
      return values.length;
    default:
      return percentile(Number(statistic.slice(1)), values);
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** By nearest rank: a value that occurred, below or at which lie `percent` of all. */
function percentile(percent: number, values: readonly number[]): number | undefined {
  const ascending = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * ascending.length));
  return ascending[rank - 1];
}
