import * as v from 'valibot';
import type { ResolvedResource } from '../template/resolve.ts';
import { type Formula, formulaOver, type Operand } from './formula.ts';
import { readStatistic } from './statistics.ts';

const comparisons = {
  GreaterThanOrEqualToThreshold: (value: number, threshold: number) => value >= threshold,
  GreaterThanThreshold: (value: number, threshold: number) => value > threshold,
  LessThanThreshold: (value: number, threshold: number) => value < threshold,
  LessThanOrEqualToThreshold: (value: number, threshold: number) => value <= threshold,
} as const;

export type Comparison = keyof typeof comparisons;

interface Named {
  /** As the template names it. */
  readonly name: string;
  readonly arn: string;
  readonly description: string;
}

/** An `AWS::CloudWatch::Alarm` of the template. */
export interface MetricAlarm extends Named {
  readonly kind: 'metric';
  readonly formula: Formula;
  readonly comparison: Comparison;
  readonly threshold: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  /** What a period without a datapoint counts as. */
  readonly missingData: 'breaching' | 'notBreaching';
}

/** An `AWS::CloudWatch::CompositeAlarm` of the template. */
export interface CompositeAlarm extends Named {
  readonly kind: 'composite';
  /** The rule as it stands. */
  readonly rule: string;
}

export type Alarm = MetricAlarm | CompositeAlarm;

export const isBreaching = ({ comparison, threshold }: MetricAlarm, value: number): boolean =>
  comparisons[comparison](value, threshold);

const dimensions = v.pipe(
  v.optional(v.array(v.object({ Name: v.string(), Value: v.string() })), []),
  v.transform((list) => Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]))),
);
const metricStat = v.object({
  Metric: v.object({ Namespace: v.string(), MetricName: v.string(), Dimensions: dimensions }),
  Period: v.number(),
  Stat: v.string(),
});
const query = v.object({
  Id: v.string(),
  Expression: v.optional(v.string()),
  MetricStat: v.optional(metricStat),
  ReturnData: v.optional(v.boolean(), true),
});
const properties = v.object({
  AlarmName: v.string(),
  AlarmDescription: v.optional(v.string(), ''),
  ComparisonOperator: v.picklist([
    'GreaterThanOrEqualToThreshold',
    'GreaterThanThreshold',
    'LessThanThreshold',
    'LessThanOrEqualToThreshold',
  ]),
  Threshold: v.number(),
  EvaluationPeriods: v.number(),
  DatapointsToAlarm: v.optional(v.number()),
  TreatMissingData: v.picklist(['breaching', 'notBreaching']),
  Metrics: v.array(query),
});
const compositeProperties = v.object({
  AlarmName: v.string(),
  AlarmDescription: v.optional(v.string(), ''),
  AlarmRule: v.string(),
});

/** The alarms of a stack. @throws Error that names the alarm which cannot be evaluated here */
export function alarmsOf(resources: readonly ResolvedResource[]): readonly Alarm[] {
  const alarms: Alarm[] = [];
  for (const resource of resources) {
    try {
      if (resource.type === 'AWS::CloudWatch::Alarm') alarms.push(metricAlarm(resource));
      if (resource.type === 'AWS::CloudWatch::CompositeAlarm') alarms.push(compositeAlarm(resource));
    } catch (error) {
      throw new Error(`Resource ${resource.logicalId}: ${String(error)}`, { cause: error });
    }
  }
  return alarms;
}

function compositeAlarm({ properties: given, identity }: ResolvedResource): CompositeAlarm {
  const { AlarmName: name, AlarmDescription: description, AlarmRule: rule } = v.parse(compositeProperties, given);
  return { kind: 'composite', name, arn: identity.attributes['Arn'] ?? '', description, rule };
}

function metricAlarm({ properties: given, identity }: ResolvedResource): MetricAlarm {
  const parsed = v.parse(properties, given);
  return {
    kind: 'metric',
    name: parsed.AlarmName,
    arn: identity.attributes['Arn'] ?? '',
    description: parsed.AlarmDescription,
    formula: ofQueries(parsed.Metrics),
    comparison: parsed.ComparisonOperator,
    threshold: parsed.Threshold,
    evaluationPeriods: parsed.EvaluationPeriods,
    datapointsToAlarm: parsed.DatapointsToAlarm ?? parsed.EvaluationPeriods,
    missingData: parsed.TreatMissingData,
  };
}

function ofQueries(queries: readonly v.InferOutput<typeof query>[]): Formula {
  const operands: Record<string, Operand> = {};
  const periods = new Set<number>();
  for (const { Id, MetricStat } of queries) {
    if (MetricStat === undefined) continue;
    const { Namespace: namespace, MetricName: name, Dimensions } = MetricStat.Metric;
    operands[Id] = { identity: { namespace, name, dimensions: Dimensions }, statistic: readStatistic(MetricStat.Stat) };
    periods.add(MetricStat.Period);
  }
  const [period = 60, ...others] = periods;
  if (others.length > 0) throw new Error('metrics of different periods are not supported in a local run');
  const returned = queries.filter(({ ReturnData }) => ReturnData);
  const [result] = returned;
  if (result === undefined || returned.length > 1) throw new Error('exactly one of its metrics must return data');
  return formulaOver(result.Expression ?? result.Id, operands, period);
}
