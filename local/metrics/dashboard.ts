import * as v from 'valibot';
import type { ResolvedResource } from '../template/resolve.ts';
import { type Formula, formulaOf, formulaOver, type Operand } from './formula.ts';
import { readStatistic } from './statistics.ts';

interface Placed {
  /** On CloudWatch's grid, 24 wide. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface TextWidget extends Placed {
  readonly kind: 'text';
  readonly markdown: string;
}

export interface AlarmWidget extends Placed {
  readonly kind: 'alarms';
  readonly title: string;
  /** ARNs. */
  readonly alarms: readonly string[];
}

export interface Line {
  readonly label: string;
  readonly axis: 'left' | 'right';
  readonly formula: Formula;
}

export interface GraphWidget extends Placed {
  readonly kind: 'graph';
  readonly title: string;
  readonly stacked: boolean;
  /** Of the left axis. */
  readonly unit?: string;
  readonly lines: readonly Line[];
  readonly thresholds: readonly { readonly value: number; readonly label: string; readonly below: boolean }[];
}

export type Widget = TextWidget | AlarmWidget | GraphWidget;

const options = v.object({
  label: v.optional(v.string()),
  id: v.optional(v.string()),
  visible: v.optional(v.boolean(), true),
  stat: v.optional(v.string()),
  period: v.optional(v.number()),
  yAxis: v.optional(v.picklist(['left', 'right']), 'left'),
  expression: v.optional(v.string()),
});
type Options = v.InferOutput<typeof options>;

const place = { x: v.number(), y: v.number(), width: v.number(), height: v.number() };
const widget = v.variant('type', [
  v.object({ type: v.literal('text'), ...place, properties: v.object({ markdown: v.string() }) }),
  v.object({
    type: v.literal('alarm'),
    ...place,
    properties: v.object({ title: v.optional(v.string(), 'Alarms'), alarms: v.array(v.string()) }),
  }),
  v.object({
    type: v.literal('metric'),
    ...place,
    properties: v.object({
      view: v.literal('timeSeries'),
      title: v.optional(v.string(), ''),
      stacked: v.optional(v.boolean(), false),
      stat: v.optional(v.string(), 'Average'),
      period: v.optional(v.number(), 300),
      metrics: v.array(v.array(v.unknown())),
      annotations: v.optional(
        v.object({
          horizontal: v.array(v.object({ value: v.number(), label: v.string(), fill: v.optional(v.string()) })),
        }),
      ),
      yAxis: v.optional(v.object({ left: v.optional(v.object({ label: v.optional(v.string()) })) })),
    }),
  }),
]);
const body = v.pipe(v.string(), v.parseJson(), v.object({ widgets: v.array(widget) }));

type MetricProperties = Extract<v.InferOutput<typeof widget>, { type: 'metric' }>['properties'];

/**
 * The widgets of a stack's dashboards, as CloudWatch would be given them.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 *
 * @throws Error for what cannot be drawn here, so that nothing is left out in silence
 */
export function widgetsOf(resources: readonly ResolvedResource[]): readonly Widget[] {
  return resources
    .filter(({ type }) => type === 'AWS::CloudWatch::Dashboard')
    .flatMap(({ properties }) => v.parse(body, properties['DashboardBody']).widgets.map(readWidget));
}

function readWidget({ type, properties, ...placed }: v.InferOutput<typeof widget>): Widget {
  switch (type) {
    case 'text':
      return { kind: 'text', ...placed, ...properties };
    case 'alarm':
      return { kind: 'alarms', ...placed, ...properties };
    case 'metric': {
      const { title, stacked, annotations, yAxis } = properties;
      const unit = yAxis?.left?.label;
      const thresholds = annotations?.horizontal ?? [];
      return {
        kind: 'graph',
        ...placed,
        title,
        stacked,
        ...(unit === undefined ? {} : { unit }),
        lines: linesOf(properties),
        thresholds: thresholds.map(({ value, label, fill }) => ({ value, label, below: fill === 'below' })),
      };
    }
  }
}

function linesOf({ metrics, stat, period, title }: MetricProperties): readonly Line[] {
  const entries = metrics.map((entry) => readEntry(entry, stat));
  const operands = Object.fromEntries(
    entries.flatMap(({ given, operand }) =>
      given.id === undefined || operand === undefined ? [] : [[given.id, operand] as const],
    ),
  );
  return entries
    .filter(({ given }) => given.visible)
    .map(({ given, operand }) => {
      const periodSeconds = given.period ?? period;
      const label = given.label ?? operand?.identity.name ?? given.expression ?? title;
      const formula =
        operand === undefined
          ? formulaOver(given.expression ?? '', operands, periodSeconds)
          : formulaOf(operand, periodSeconds);
      return { label, axis: given.yAxis, formula };
    });
}

/** `[namespace, name, dimension, value, …, {options}]`, or `[{expression, …}]`. */
function readEntry(
  entry: readonly unknown[],
  defaultStatistic: string,
): { readonly given: Options; readonly operand?: Operand } {
  const words = entry.filter((part) => typeof part === 'string');
  const given = v.parse(options, entry.find((part) => typeof part === 'object') ?? {});
  if (words.length === 0) return { given };
  const [namespace = '', name = '', ...rest] = words;
  if (words.some((word) => word === '.' || word === '...')) {
    throw new Error(`The dashboard's short form of a metric (${words.join(' ')}) is not supported in a local run`);
  }
  const dimensions: Record<string, string> = {};
  for (let at = 0; at < rest.length; at += 2) dimensions[rest[at] ?? ''] = rest[at + 1] ?? '';
  const statistic = readStatistic(given.stat ?? defaultStatistic);
  return { given, operand: { identity: { namespace, name, dimensions }, statistic } };
}
