import { deadLetterMetrics, type MetricName } from '../../lib/contracts/metrics.ts';
import type { LogEventCode } from '../../lib/telemetry/log-events.ts';

/** What the sender has reported since the start. */
export interface SenderCounts {
  /** Copies handed to the sender: a mail that is tried again counts each time. */
  readonly receives: number;
  readonly delivered: number;
  readonly deferrals: number;
  readonly deadLetters: number;
  readonly duplicates: number;
}

/** Adds up the metrics that the sender writes to its log; other lines are left alone. */
export function countMetrics(): { add(line: string): void; counts(): SenderCounts } {
  const counts = { receives: 0, delivered: 0, deferrals: 0, deadLetters: 0, duplicates: 0 };
  return {
    add: (line) => {
      const entry = entryOf(line);
      // Embedded metric format: the metrics stand beside `_aws`.
      if (entry['_aws'] === undefined) return;
      for (const [metric, value] of Object.entries(entry)) {
        const name = countedMetrics.get(metric);
        if (name !== undefined) counts[name] += sum(value);
      }
    },
    counts: () => ({ ...counts }),
  };
}

const counted: Partial<Record<MetricName, keyof SenderCounts>> = {
  MessagesReceived: 'receives',
  MessagesDelivered: 'delivered',
  MessagesDeferred: 'deferrals',
  DuplicatesSuppressed: 'duplicates',
};
const countedMetrics = new Map<string, keyof SenderCounts>([
  ...Object.entries(counted),
  ...Object.values(deadLetterMetrics).map((metric) => [metric, 'deadLetters'] as const),
]);

/** A metric's value is a number, or an array when it was recorded more than once. */
function sum(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((total, one) => total + sum(one), 0);
  return typeof value === 'number' ? value : 0;
}

/** Relays that failed, by the key of the mail that met them. */
export interface RelayFaultLog {
  add(line: string): void;
  of(key: string): readonly string[];
}

export function relayFaultLog(): RelayFaultLog {
  const faults = new Map<unknown, Set<string>>();
  const code: LogEventCode = 'relay.fault';
  return {
    add: (line) => {
      const { event, key, relay } = entryOf(line);
      if (event === code) faults.set(key, (faults.get(key) ?? new Set()).add(String(relay)));
    },
    of: (key) => [...(faults.get(key) ?? [])],
  };
}

/** A line of the sender's log as an object; an empty one when the line is something else. */
function entryOf(line: string): Readonly<Record<string, unknown>> {
  if (!line.startsWith('{')) return {};
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? Object.fromEntries(Object.entries(entry)) : {};
  } catch {
    return {};
  }
}
