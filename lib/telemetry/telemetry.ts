import { metrics, type RelaySum, type RelayValues, type StageSum, type StageValues } from '../contracts/metrics.ts';
import type { Clock } from '../platform/clock.ts';
import { createEmfSeries, type EmfSeries } from './emf-series.ts';
import { type LineSink, stdoutLines } from './lines.ts';

/** Metrics of one invocation at a time. No method throws: a metric is never worth a mail. */
export interface Telemetry {
  /** Adds `n` (default 1) to a metric that publishes its sum. */
  count(name: StageSum, relay?: undefined, n?: number): void;
  count(name: RelaySum, relay: string, n?: number): void;
  /** Adds one value to a metric that publishes every value. Times are published whole. */
  record(name: StageValues, value: number, relay?: undefined): void;
  record(name: RelayValues, value: number, relay: string): void;
  /** Notes one request to an AWS service beside the metrics, such as `awsCall('DynamoDB', 'UpdateItem')`. */
  awsCall(service: string, command: string): void;
  /**
   * Writes what was counted since the last flush: one EMF document for the stage and one for each relay, with only the
   * metrics that were touched.
   */
  flush(): void;
}

export function createTelemetry(options: {
  readonly stage: string;
  readonly clock: Clock;
  readonly sink?: LineSink;
}): Telemetry {
  const { stage, clock, sink = stdoutLines } = options;
  const ofStage = createEmfSeries({ stage });
  const ofRelays = new Map<string, EmfSeries>();
  let awsCalls: Record<string, number> = {};

  const ofRelay = (relay: string) => {
    const known = ofRelays.get(relay);
    if (known !== undefined) return known;
    const created = createEmfSeries({ stage, relay });
    ofRelays.set(relay, created);
    return created;
  };

  const count = (name: StageSum | RelaySum, relay?: string, n = 1) => {
    if (!isPublishable(n)) return;
    (relay === undefined ? ofStage : ofRelay(relay)).add(name, n);
  };

  return {
    count,
    record(name: StageValues | RelayValues, value: number, relay?: string) {
      if (!isPublishable(value)) return;
      const series = relay === undefined ? ofStage : ofRelay(relay);
      const published = metrics[name].unit === 'None' ? value : Math.round(value);
      // A clock behind that of SQS gives negative waits, and CloudWatch computes no percentiles where one value is negative.
      series.append(name, Math.max(0, published));
    },
    awsCall(service, command) {
      const call = `${service}.${command}`;
      awsCalls[call] = (awsCalls[call] ?? 0) + 1;
    },
    flush() {
      // By command only as a property for Logs Insights: as metrics, each would be billed.
      const properties = Object.keys(awsCalls).length === 0 ? {} : { awsCalls };
      awsCalls = {};
      const now = clock.now();
      const documents = [
        ...ofStage.take(now, properties),
        ...[...ofRelays.values()].flatMap((relay) => relay.take(now)),
      ];
      for (const document of documents) writeOrForget(sink, document);
    },
  };
}

/** One NaN would void the whole document it stands in. */
const isPublishable = (value: number) => Number.isFinite(value);

function writeOrForget(sink: LineSink, line: string): void {
  try {
    sink(line);
  } catch {
    // Thrown on, it would return the whole batch to the queue, with the mails that were delivered.
  }
}
