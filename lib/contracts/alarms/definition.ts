import type { MetricName } from '../metrics.ts';
import type { StageConfig } from '../stage-config.ts';

/** A number that CloudWatch has: one of ours, or one that AWS publishes about a part of the stack. */
export type MetricSource =
  /** `relay`: for metrics with that dimension. */
  | { readonly own: MetricName; readonly relay?: string }
  | {
      readonly queue: 'intake' | 'deadLetters' | 'eventsFailed';
      readonly name:
        | 'ApproximateNumberOfMessagesVisible'
        | 'ApproximateNumberOfMessagesNotVisible'
        | 'ApproximateAgeOfOldestMessage';
    }
  | { readonly function: 'sender'; readonly name: 'Invocations' | 'Errors' | 'Throttles' | 'Duration' };

export type Statistic = 'Sum' | 'Minimum' | 'Maximum' | 'SampleCount' | 'p90';

/**
 * What an alarm looks at, and when it goes off.
 *
 * `expression` is CloudWatch metric math over the ids of `metrics`, restricted so that a small evaluator can compute it:
 * numbers, ids, `+ - * /`, `< <= > >= ==`, `AND`, `OR`, parentheses, `IF(condition, then, else)` and `FILL(id, number)`.
 * No arrays, no SEARCH, no METRICS, no string. A comparison is 1 or 0. Where an id has no datapoint and no FILL, the result
 * has none either; every expression fills all its ids but at most one, so that nothing depends on how CloudWatch joins gaps.
 */
export interface AlarmRule {
  /** By id: a lower-case letter, then letters, digits and `_`. At most 10 (PutMetricAlarm). */
  readonly metrics: Readonly<Record<string, readonly [MetricSource, Statistic]>>;
  /** Absent: the one metric. */
  readonly expression?: string;
  readonly comparison: '>=' | '<';
  readonly threshold: number;
  /** With a threshold outside of these it could never go off, or never clear. Absent: any above 0 will do. */
  readonly allowed?: { readonly least: number; readonly most: number };
  /** Of the threshold, for people. */
  readonly unit: string;
  readonly periodSeconds: number;
  /** It goes off when `breaching` of the last `periods` periods breach the threshold. */
  readonly breaching: number;
  readonly periods: number;
  /** A period without a datapoint; `breaching` only where silence itself is the fault. */
  readonly missingData: 'notBreaching' | 'breaching';
}

/** What an instance of an alarm is about: the whole stage, the relays of one tier, or one relay. */
export interface AlarmSubject {
  readonly config: StageConfig;
  readonly relays: readonly string[];
}

export interface AlarmDefinition {
  readonly scope: 'stage' | 'tier' | 'relay';
  /** Stages that have what it is about; absent: all. */
  readonly where?: (config: StageConfig) => boolean;
  readonly rule: (subject: AlarmSubject) => AlarmRule;
  /** What it means when it goes off: a sentence. */
  readonly meaning: string;
  /** What on-call does first: a sentence. */
  readonly first: string;
}

/** For what is 0 or one other number. */
export const only = (threshold: number) => ({ least: threshold, most: threshold });

const fiveMinutes = 300;

/** Five minutes, one period, silence is well: what most alarms share. */
export const atLeast = (
  threshold: number,
  unit: string,
  rest: Pick<AlarmRule, 'metrics'> & Partial<AlarmRule>,
): AlarmRule => ({
  comparison: '>=',
  threshold,
  unit,
  periodSeconds: fiveMinutes,
  breaching: 1,
  periods: 1,
  missingData: 'notBreaching',
  ...rest,
});
