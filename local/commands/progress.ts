import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { deadLetterMetrics, type MetricName } from '../../lib/telemetry/metric-names.ts';

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
      for (const [metric, value] of metricsIn(line)) {
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

/** Metrics in the embedded metric format are top-level numbers beside `_aws`. */
function metricsIn(line: string): readonly (readonly [string, unknown])[] {
  if (!line.startsWith('{') || !line.includes('"_aws"')) return [];
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? Object.entries(entry) : [];
  } catch {
    return [];
  }
}

/** Messages in the intake queue. */
export interface QueueDepth {
  /** Ready to be received. */
  readonly queued: number;
  /** Received and not deleted: being sent, or waiting for the next attempt. */
  readonly inFlight: number;
}

export async function queueDepth(sqs: SQSClient, queueUrl: string): Promise<QueueDepth> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return {
    queued: Number(Attributes['ApproximateNumberOfMessages'] ?? 0),
    inFlight: Number(Attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0),
  };
}

export function progressLine({ queued, inFlight }: QueueDepth, counts: SenderCounts): string {
  const { receives, delivered, deferrals, deadLetters, duplicates } = counts;
  return [
    `${receives} received`,
    `${delivered} delivered`,
    `${deferrals} deferred`,
    `${deadLetters} dead-lettered`,
    `${duplicates} duplicates`,
    `in the queue: ${queued} ready, ${inFlight} in flight or waiting`,
  ].join(' · ');
}

/** Writes progress: one line that changes on a terminal, a new line per change elsewhere. */
export function progressWriter(stream: NodeJS.WriteStream): { show(line: string): void; end(): void } {
  let last = '';
  return {
    show: (line) => {
      if (line === last) return;
      last = line;
      stream.write(stream.isTTY ? `\r\u001b[2K${line.slice(0, stream.columns - 1)}` : `${line}\n`);
    },
    end: () => {
      if (stream.isTTY && last !== '') stream.write('\n');
    },
  };
}
