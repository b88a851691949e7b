import { Metrics } from '@aws-lambda-powertools/metrics';
import { type MetricName, metricNamespace, metrics } from '../contracts/metrics.ts';

/** EMF takes 100 values per metric; Powertools prints the document by itself when the hundredth arrives. */
const valuesPerDocument = 99;

/** The metrics of one dimension set, collected until they are taken as EMF documents. */
export interface EmfSeries {
  /** Adds to the one number that is published. */
  add(name: MetricName, n: number): void;
  /** Adds a number to those that are published. */
  append(name: MetricName, value: number): void;
  /**
   * The documents of what was collected, and a fresh start: none when nothing was, more than one when a metric has more
   * values than a document takes. `properties` go into the first, beside the metrics.
   */
  take(timestamp: number, properties?: Readonly<Record<string, unknown>>): readonly string[];
}

export function createEmfSeries(dimensions: Record<string, string>): EmfSeries {
  let collected = new Map<MetricName, number[]>();
  const powertools = new Metrics({ namespace: metricNamespace });
  // Powertools adds a dimension `service` by itself, which would make every metric another one.
  powertools.clearDefaultDimensions();
  powertools.setDefaultDimensions(dimensions);

  const valuesOf = (name: MetricName) => {
    const known = collected.get(name);
    if (known !== undefined) return known;
    const created: number[] = [];
    collected.set(name, created);
    return created;
  };

  const document = (from: ReadonlyMap<MetricName, readonly number[]>, start: number, timestamp: number) => {
    for (const [name, values] of from) {
      for (const value of values.slice(start, start + valuesPerDocument)) {
        powertools.addMetric(name, metrics[name].unit, value);
      }
    }
    const emf = powertools.serializeMetrics();
    powertools.clearMetrics();
    emf._aws.Timestamp = timestamp;
    return emf;
  };

  return {
    add(name, n) {
      const values = valuesOf(name);
      values[0] = (values[0] ?? 0) + n;
    },
    append(name, value) {
      valuesOf(name).push(value);
    },
    take(timestamp, properties = {}) {
      const taken = collected;
      collected = new Map();
      const longest = Math.max(0, ...Array.from(taken.values(), (values) => values.length));
      const documents: string[] = [];
      for (let start = 0; start < longest; start += valuesPerDocument) {
        const emf = document(taken, start, timestamp);
        documents.push(JSON.stringify(start === 0 ? { ...emf, ...properties } : emf));
      }
      return documents;
    },
  };
}
