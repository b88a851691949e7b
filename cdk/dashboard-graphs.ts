import { Duration } from 'aws-cdk-lib';
import {
  GraphWidget,
  type HorizontalAnnotation,
  type IMetric,
  MathExpression,
  type Metric,
  Shading,
  TextWidget,
  TextWidgetBackground,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricSource } from '../lib/contracts/alarms/definition.ts';
import type { MetricAlarmName } from '../lib/contracts/alarms/names.ts';
import type { MetricAlarm, StageAlarms } from '../lib/contracts/alarms.ts';
import { type MetricDefinition, type MetricName, metrics } from '../lib/contracts/metrics.ts';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { metricOf, metricOfAlarm, type Watched } from './alarm-metrics.ts';

/** CloudWatch's grid is 24 wide. */
export const fullWidth = 24;
const height = 6;
/** As most alarms: a threshold is a line through the same numbers that it is compared with. */
const periodSeconds = 300;

export interface Graph {
  readonly title: string;
  readonly width: number;
  readonly lines: readonly IMetric[];
  /** Drawn against an axis of their own. */
  readonly right?: readonly IMetric[];
  /** Of the left axis. */
  readonly unit?: string;
  readonly stacked?: boolean;
  /** Alarms whose threshold is drawn. */
  readonly thresholds?: readonly MetricAlarmName[];
  /** Draws those of the relay only. */
  readonly relay?: string;
}

/** Makes the lines and graphs of one stage's dashboard. */
export class Graphs {
  readonly #watched: Watched;
  readonly #alarms: StageAlarms;
  readonly #on: Readonly<Record<NonNullable<MetricDefinition['onlyWith']>, boolean>>;

  constructor(watched: Watched, alarms: StageAlarms, { bounces, events }: StageConfig) {
    this.#watched = watched;
    this.#alarms = alarms;
    this.#on = { bounces: bounces.mode !== 'off', events: events.busName !== undefined };
  }

  /** One of our metrics; without a statistic the sum of counts. */
  own(name: MetricName, label: string, options: { readonly relay?: string; readonly statistic?: string } = {}): Metric {
    const { relay, statistic = 'Sum' } = options;
    if ((metrics[name].dimensions === 'stage+relay') !== (relay !== undefined)) {
      throw new Error(`${name} is published by ${metrics[name].dimensions}`);
    }
    return this.of({ own: name, ...(relay === undefined ? {} : { relay }) }, label, statistic);
  }

  /** Sums of our counts, by their labels, without those that nobody publishes because the stage has switched that off. */
  sums(labels: readonly (readonly [MetricName, string])[], relay?: string): readonly Metric[] {
    return labels
      .filter(([name]) => {
        const { onlyWith }: MetricDefinition = metrics[name];
        return onlyWith === undefined || this.#on[onlyWith];
      })
      .map(([name, label]) => this.own(name, label, relay === undefined ? {} : { relay }));
  }

  of(source: MetricSource, label: string, statistic: string): Metric {
    return metricOf(source, this.#watched, { statistic, periodSeconds, label });
  }

  math(expression: string, label: string, usingMetrics: Readonly<Record<string, IMetric>>): MathExpression {
    return new MathExpression({ expression, label, usingMetrics, period: Duration.seconds(periodSeconds) });
  }

  /** What the alarms of a name compare with their thresholds. */
  watchedBy(name: MetricAlarmName): readonly IMetric[] {
    return this.#named(name).map((alarm) => metricOfAlarm(alarm, this.#watched));
  }

  graph({ title, width, lines, right = [], unit, stacked = false, thresholds = [], relay }: Graph): GraphWidget {
    return new GraphWidget({
      title,
      width,
      height,
      stacked,
      left: [...lines],
      right: [...right],
      leftYAxis: { min: 0, ...(unit === undefined ? {} : { label: unit, showUnits: false }) },
      leftAnnotations: thresholds.flatMap((name) => this.#lineOf(name, relay)),
    });
  }

  #lineOf(name: MetricAlarmName, relay: string | undefined): readonly HorizontalAnnotation[] {
    // All instances of one alarm have one threshold.
    const [alarm] = this.#named(name).filter(({ relays }) => relay === undefined || relays.includes(relay));
    if (alarm === undefined) return [];
    const { comparison, threshold } = alarm.rule;
    const fill = comparison === '<' ? Shading.BELOW : Shading.NONE;
    return [{ value: threshold, label: name, color: '#d62728', fill }];
  }

  #named(name: MetricAlarmName): readonly MetricAlarm[] {
    return this.#alarms.tickets.filter((alarm) => alarm.name === name);
  }
}

/** A question that the rows below it answer. */
export const question = (text: string) =>
  new TextWidget({ markdown: `## ${text}`, width: fullWidth, height: 1, background: TextWidgetBackground.TRANSPARENT });
