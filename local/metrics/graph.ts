import type { GraphWidget } from './dashboard.ts';
import { compute } from './formula.ts';
import type { MetricStore } from './store.ts';
import { lastMinute, minuteMs, periodMs, type ScaledTime } from './time.ts';

/** What a graph shows, ready to be drawn. */
export interface GraphData {
  /** The ends of the periods, in milliseconds since the epoch, ascending. */
  readonly times: readonly number[];
  /** One list per line of the widget, in their order; null: no datapoint. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** Minutes that a graph reaches back; CloudWatch shows three hours, which is more than anybody rehearses. */
export const shownMinutes = 120;

/**
 * A datapoint for each minute that is over, of the period that ends there, so that alarms and graphs show the same
 * numbers: CloudWatch's graphs have one per period, its alarms look at a period once a minute.
 *
 * @param before what was shown last: all of it but the newest minute stays as it is
 */
export function graphData(
  widget: GraphWidget,
  store: MetricStore,
  now: number,
  time: ScaledTime,
  before: GraphData = { times: [], values: [] },
): GraphData {
  const end = lastMinute(now, time);
  const minute = minuteMs(time);
  const first = Math.max(time.origin + minute, end - (shownMinutes - 1) * minute);
  const steps = Math.max(0, Math.round((end - first) / minute) + 1);
  const times = Array.from({ length: steps }, (_, step) => first + step * minute);
  const known = new Map(before.times.slice(0, -1).map((at, index) => [at, index]));
  const values = widget.lines.map(({ formula }, line) => {
    const length = periodMs(formula.periodSeconds, time);
    return times.map((to) => {
      const index = known.get(to);
      if (index !== undefined) return before.values[line]?.[index] ?? null;
      return compute(formula, store, { from: to - length, to }) ?? null;
    });
  });
  return { times, values };
}
