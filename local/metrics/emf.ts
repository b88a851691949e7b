import * as v from 'valibot';
import type { MetricStore } from './store.ts';

const metadata = v.object({
  Timestamp: v.number(),
  CloudWatchMetrics: v.array(
    v.object({
      Namespace: v.string(),
      Dimensions: v.array(v.array(v.string())),
      Metrics: v.array(v.object({ Name: v.string() })),
    }),
  ),
});
const root = v.looseObject({ _aws: metadata });
const values = v.union([
  v.pipe(
    v.number(),
    v.transform((one) => [one]),
  ),
  v.array(v.number()),
]);

/**
 * Takes the metrics out of a line of a function's output, as CloudWatch Logs does with embedded metric format. Lines that
 * are something else are left alone.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function ingestEmf(line: string, store: MetricStore): void {
  if (!line.startsWith('{') || !line.includes('"_aws"')) return;
  const document = v.safeParse(v.pipe(v.string(), v.parseJson(), root), line);
  if (!document.success) return;
  const { _aws, ...members } = document.output;
  for (const { Namespace, Dimensions, Metrics } of _aws.CloudWatchMetrics) {
    for (const set of Dimensions) {
      const dimensions = Object.fromEntries(set.map((name) => [name, String(members[name])]));
      for (const { Name } of Metrics) {
        const read = v.safeParse(values, members[Name]);
        if (!read.success) continue;
        store.put({ namespace: Namespace, name: Name, dimensions }, _aws.Timestamp, read.output);
      }
    }
  }
}
