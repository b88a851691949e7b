import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { AlarmRule, MetricSource } from '../lib/contracts/alarms/definition.ts';
import type { MetricAlarm } from '../lib/contracts/alarms.ts';
import { metricNamespace } from '../lib/contracts/metrics.ts';

/** The parts of a stage that publish metrics. */
export interface Watched {
  readonly stage: string;
  readonly intake: IQueue;
  readonly deadLetters: IQueue;
  /** Absent in a stage without outcome events. */
  readonly eventsFailed: IQueue | undefined;
  readonly sender: IFunction;
}

export interface MetricOptions {
  /** CloudWatch's word: `Sum`, `Maximum`, `p99` and so on. */
  readonly statistic: string;
  readonly periodSeconds: number;
  readonly label?: string;
}

export function metricOf(source: MetricSource, watched: Watched, options: MetricOptions): Metric {
  const { statistic, periodSeconds, label } = options;
  return new Metric({
    ...identityOf(source, watched),
    statistic,
    period: Duration.seconds(periodSeconds),
    ...(label === undefined ? {} : { label }),
  });
}

function identityOf(source: MetricSource, watched: Watched) {
  const { stage, sender } = watched;
  if ('own' in source) {
    const { own, relay } = source;
    const dimensionsMap = relay === undefined ? { stage } : { stage, relay };
    return { namespace: metricNamespace, metricName: own, dimensionsMap };
  }
  if ('queue' in source) {
    const queue = watched[source.queue];
    if (queue === undefined) throw new Error(`the stage has no queue ${source.queue}`);
    return { namespace: 'AWS/SQS', metricName: source.name, dimensionsMap: { QueueName: queue.queueName } };
  }
  const { functionName } = sender;
  return { namespace: 'AWS/Lambda', metricName: source.name, dimensionsMap: { FunctionName: functionName } };
}

/** What an alarm compares with its threshold, for the alarm itself and for the graph that draws it. */
export function metricOfAlarm({ id, rule }: MetricAlarm, watched: Watched): IMetric {
  const { expression, periodSeconds } = rule;
  const made = (label: string, [source, statistic]: AlarmRule['metrics'][string]) =>
    metricOf(source, watched, { statistic, periodSeconds, label });
  if (expression === undefined) {
    const [only, ...others] = Object.values(rule.metrics);
    if (only === undefined || others.length > 0) throw new Error(`${id}: several metrics want an expression`);
    return made(id, only);
  }
  const usingMetrics = Object.entries(rule.metrics).map(([name, metric]) => [name, made(name, metric)]);
  const period = Duration.seconds(periodSeconds);
  return new MathExpression({ expression, usingMetrics: Object.fromEntries(usingMetrics), period, label: id });
}
