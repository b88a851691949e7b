import type { Template } from 'aws-cdk-lib/assertions';
import * as v from 'valibot';
import { readExpression } from '../../local/metrics/expression.ts';

const metric = v.object({
  Id: v.string(),
  Expression: v.optional(v.string()),
  ReturnData: v.boolean(),
  MetricStat: v.optional(
    v.object({
      Metric: v.object({
        Namespace: v.string(),
        MetricName: v.string(),
        Dimensions: v.array(v.object({ Name: v.string(), Value: v.unknown() })),
      }),
      Period: v.number(),
      Stat: v.string(),
    }),
  ),
});

const alarm = v.object({
  AlarmName: v.string(),
  AlarmDescription: v.string(),
  AlarmActions: v.array(v.unknown()),
  OKActions: v.array(v.unknown()),
  ComparisonOperator: v.picklist(['GreaterThanOrEqualToThreshold', 'LessThanThreshold']),
  Threshold: v.number(),
  EvaluationPeriods: v.number(),
  DatapointsToAlarm: v.number(),
  TreatMissingData: v.picklist(['breaching', 'notBreaching']),
  Metrics: v.array(metric),
});

export type TemplateAlarm = v.InferOutput<typeof alarm>;

/** The metric alarms of a template, by name without the stage. */
export function alarmsIn(template: Template): ReadonlyMap<string, TemplateAlarm> {
  const found = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
  return new Map(
    found.map((resource) => {
      const parsed = v.parse(alarm, resource['Properties']);
      return [parsed.AlarmName.replace(/^postroom-test-/, ''), parsed];
    }),
  );
}

export interface Reading {
  readonly name: string;
  readonly relay?: string;
  /** The logical id or name of the queue, function and so on. */
  readonly of: string;
  readonly statistic: string;
}

/** The datapoint of a metric in every period alike; undefined: there is none. */
export type Readings = (reading: Reading) => number | undefined;

/** Names of the alarms that would go off if things stayed as they are read. */
export function goingOff(alarms: ReadonlyMap<string, TemplateAlarm>, readings: Readings): string[] {
  return [...alarms].filter(([, one]) => isBreaching(one, readings)).map(([name]) => name);
}

function isBreaching({ Metrics, ComparisonOperator, Threshold, TreatMissingData }: TemplateAlarm, readings: Readings) {
  const value = computed(Metrics, readings);
  if (value === undefined) return TreatMissingData === 'breaching';
  return ComparisonOperator === 'LessThanThreshold' ? value < Threshold : value >= Threshold;
}

function computed(metrics: TemplateAlarm['Metrics'], readings: Readings): number | undefined {
  const values = metrics.flatMap(({ Id, MetricStat }) => {
    if (MetricStat === undefined) return [];
    const { MetricName, Dimensions } = MetricStat.Metric;
    const [relay] = Dimensions.filter(({ Name }) => Name === 'relay').map(({ Value }) => String(Value));
    const of = JSON.stringify(Dimensions);
    const reading = { name: MetricName, of, statistic: MetricStat.Stat, ...(relay === undefined ? {} : { relay }) };
    return [[Id, readings(reading)] as const];
  });
  const returned = metrics.find(({ ReturnData }) => ReturnData);
  if (returned === undefined) throw new Error('the alarm returns nothing');
  return readExpression(returned.Expression ?? returned.Id).compute(Object.fromEntries(values));
}
