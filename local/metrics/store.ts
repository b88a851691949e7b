import { type Statistic, statisticOf } from './statistics.ts';

/** What CloudWatch tells one metric from another by. */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Half-open: `from` belongs to it, `to` does not. Milliseconds since the epoch. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Every value of every metric for as long as it is kept, so that any statistic of any period is exact. */
export interface MetricStore {
  /** Values that belong to one moment, in milliseconds since the epoch. */
  put(identity: MetricIdentity, at: number, values: readonly number[]): void;
  /** Undefined: the window has no datapoint. */
  statistic(identity: MetricIdentity, statistic: Statistic, window: Window): number | undefined;
  /** Every metric that has a value. */
  identities(): readonly MetricIdentity[];
}

interface Moment {
  readonly at: number;
  readonly values: readonly number[];
}

interface Series {
  readonly identity: MetricIdentity;
  /** In the order of time. */
  readonly moments: Moment[];
}

/** @param keptMs what is older than the newest value of its metric by more than this is forgotten */
export function createMetricStore(keptMs: number): MetricStore {
  const all = new Map<string, Series>();
  return {
    put: (identity, at, values) => {
      if (values.length === 0) return;
      const key = metricKey(identity);
      const series = all.get(key) ?? { identity, moments: [] };
      all.set(key, series);
      insert(series.moments, { at, values });
      const newest = series.moments.at(-1)?.at ?? at;
      series.moments.splice(0, firstFrom(series.moments, newest - keptMs));
    },
    statistic: (identity, statistic, { from, to }) => {
      const { moments } = all.get(metricKey(identity)) ?? { moments: [] };
      const inside = moments.slice(firstFrom(moments, from), firstFrom(moments, to));
      return statisticOf(
        statistic,
        inside.flatMap(({ values }) => values),
      );
    },
    identities: () => [...all.values()].map(({ identity }) => identity),
  };
}

/** Equal for what CloudWatch takes for one metric: the order of dimensions does not matter. */
export function metricKey({ namespace, name, dimensions }: MetricIdentity): string {
  const pairs = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespace, name, pairs]);
}

function insert(moments: Moment[], moment: Moment): void {
  if (moment.at >= (moments.at(-1)?.at ?? Number.NEGATIVE_INFINITY)) moments.push(moment);
  else moments.splice(firstFrom(moments, moment.at), 0, moment);
}

/** Index of the first moment that is not before `time`. */
function firstFrom(moments: readonly Moment[], time: number): number {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((moments[middle]?.at ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
