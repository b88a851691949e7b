import { isBreaching, type MetricAlarm } from './alarm-definition.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export interface Verdict {
  readonly state: AlarmState;
  /** A sentence, as CloudWatch puts it. */
  readonly reason: string;
}

/**
 * Periods that CloudWatch looks back beyond the evaluation periods when some have no datapoint; its documentation shows
 * two in the example and promises no number.
 */
const extraPeriods = 2;

/** How many periods back an alarm looks. */
export const lookBack = ({ evaluationPeriods }: MetricAlarm): number => evaluationPeriods + extraPeriods;

/**
 * The state of an alarm, by its datapoints, the newest first, undefined where a period has none.
 *
 * Enough real datapoints within sight: the newest of them decide, and how to treat missing ones does not matter. Fewer:
 * missing ones fill up, as few as needed. None: how to treat missing ones decides alone.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function stateOf(alarm: MetricAlarm, datapoints: readonly (number | undefined)[]): Verdict {
  const { evaluationPeriods, datapointsToAlarm, missingData } = alarm;
  const real = datapoints.filter((value) => value !== undefined).slice(0, evaluationPeriods);
  if (real.length === 0) return withoutData(alarm);
  const breaching = real.filter((value) => isBreaching(alarm, value)).length;
  const missing = evaluationPeriods - real.length;
  const filled = missingData === 'breaching' ? breaching + missing : breaching;
  return {
    state: filled >= datapointsToAlarm ? 'ALARM' : 'OK',
    reason: reasonOf(alarm, real, filled, missing),
  };
}

function withoutData({ missingData, evaluationPeriods }: MetricAlarm): Verdict {
  const none = `No datapoint in ${evaluationPeriods === 1 ? 'the last period' : `the last ${evaluationPeriods} periods`}`;
  return missingData === 'breaching'
    ? { state: 'ALARM', reason: `${none}, and silence counts as breaching.` }
    : { state: 'OK', reason: `${none}, and silence counts as well.` };
}

const words: Readonly<Record<MetricAlarm['comparison'], string>> = {
  GreaterThanOrEqualToThreshold: 'at or above',
  GreaterThanThreshold: 'above',
  LessThanThreshold: 'below',
  LessThanOrEqualToThreshold: 'at or below',
};

function reasonOf(alarm: MetricAlarm, real: readonly number[], breaching: number, missing: number): string {
  const { evaluationPeriods, comparison, threshold, missingData } = alarm;
  const values = real.map((value) => String(Math.round(value * 100) / 100)).join(', ');
  const counted = missingData === 'breaching' ? ' (counted as breaching)' : '';
  const gaps = missing === 0 ? '' : `; ${count(missing)} missing${counted}`;
  return `${breaching} of the last ${count(evaluationPeriods)} ${words[comparison]} the threshold ${threshold}: ${values}${gaps}.`;
}

const count = (datapoints: number) => (datapoints === 1 ? '1 datapoint' : `${datapoints} datapoints`);
