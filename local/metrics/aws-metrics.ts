import * as v from 'valibot';
import type { FinishedInvocation } from '../platform/invocation.ts';
import type { ResolvedStack } from '../template/resolve.ts';
import type { MetricStore } from './store.ts';

export interface QueueDepths {
  readonly visible: number;
  /** Received and not deleted: on its way, or in backoff. */
  readonly hidden: number;
}

export interface MeasuredQueue extends QueueDepths {
  /** Since the oldest message was sent. */
  readonly oldestSeconds: number;
}

/** What AWS itself publishes about the parts of the stack, by namespace: all that a local run stands in for. */
export const awsMetrics: Readonly<Record<string, readonly string[]>> = {
  'AWS/Lambda': ['Invocations', 'Errors', 'Throttles', 'Duration', 'ConcurrentExecutions'],
  'AWS/SQS': [
    'ApproximateNumberOfMessagesVisible',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateAgeOfOldestMessage',
  ],
  'AWS/Logs': ['IncomingBytes'],
};

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
export function recordInvocation(invocation: FinishedInvocation, store: MetricStore): void {
  const { functionName, startedAt, durationMs, result, concurrent } = invocation;
  const put = (name: string, value: number) =>
    store.put({ namespace: 'AWS/Lambda', name, dimensions: { FunctionName: functionName } }, startedAt, [value]);
  const throttled = !result.ok && result.kind === 'throttled';
  put('Throttles', throttled ? 1 : 0);
  // A throttled request counts neither as an invocation nor as an error.
  if (throttled) return;
  put('Invocations', 1);
  put('Errors', result.ok ? 0 : 1);
  put('Duration', durationMs);
  put('ConcurrentExecutions', concurrent);
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */
export function recordQueue(queueName: string, at: number, queue: MeasuredQueue, store: MetricStore): void {
  const put = (name: string, value: number) =>
    store.put({ namespace: 'AWS/SQS', name, dimensions: { QueueName: queueName } }, at, [value]);
  put('ApproximateNumberOfMessagesVisible', queue.visible);
  put('ApproximateNumberOfMessagesNotVisible', queue.hidden);
  put('ApproximateAgeOfOldestMessage', queue.oldestSeconds);
}

/** CloudWatch Logs counts 26 bytes for each event besides its text. */
const bytesPerEvent = 26;

export function recordLogLine(logGroup: string, at: number, line: string, store: MetricStore): void {
  const identity = { namespace: 'AWS/Logs', name: 'IncomingBytes', dimensions: { LogGroupName: logGroup } };
  store.put(identity, at, [Buffer.byteLength(line) + bytesPerEvent]);
}

const loggingProperties = v.object({ LoggingConfig: v.optional(v.object({ LogGroup: v.optional(v.string()) })) });

/** The log group of each function, by the function's name. */
export function logGroups({ resources }: ResolvedStack): ReadonlyMap<string, string> {
  const groups = resources
    .filter(({ type }) => type === 'AWS::Lambda::Function')
    .map(({ name, properties }) => {
      const { LoggingConfig } = v.parse(loggingProperties, properties);
      return [name, LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`] as const;
    });
  return new Map(groups);
}
