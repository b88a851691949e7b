import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { MetricSource } from '../lib/contracts/alarms/definition.ts';
import type { MetricAlarm } from '../lib/contracts/alarms.ts';
import { metricNamespace } from '../lib/contracts/metrics.ts';

/** The parts of a stage that publish metrics. */
export interface Watched {
  readonly stage: string;
  readonly intake: IQueue;
  readonly deadLetters: IQueue;
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

function identityOf(source: MetricSource, { stage, intake, deadLetters, sender }: Watched) {
  if ('own' in source) {
    const { own, relay } = source;
    const dimensionsMap = relay === undefined ? { stage } : { stage, relay };
    return { namespace: metricNamespace, metricName: own, dimensionsMap };
  }
  if ('queue' in source) {
    const { queueName } = source.queue === 'intake' ? intake : deadLetters;
    return { namespace: 'AWS/SQS', metricName: source.name, dimensionsMap: { QueueName: queueName } };
  }
  const { functionName } = sender;
  return { namespace: 'AWS/Lambda', metricName: source.name, dimensionsMap: { FunctionName: functionName } };
}

/** What an alarm compares with its threshold, for the alarm itself and for the graph that draws it. */
export function metricOfAlarm({ id, rule }: MetricAlarm, watched: Watched): IMetric {
  const { expression, periodSeconds } = rule;
  const usingMetrics = Object.entries(rule.metrics).map(
    ([name, [source, statistic]]) =>
      [name, metricOf(source, watched, { statistic, periodSeconds, label: id })] as const,
  );
  const [[, only] = []] = usingMetrics;
  if (expression === undefined && only !== undefined) return only;
  return new MathExpression({
    expression: expression ?? '',
    usingMetrics: Object.fromEntries(usingMetrics),
    period: Duration.seconds(periodSeconds),
    label: id,
  });
}
