import { describe, expect, it } from 'vitest';
import { createAlarmBoard } from '../../../local/metrics/alarm-board.ts';
import { alarmsOf, type MetricAlarm } from '../../../local/metrics/alarm-definition.ts';
import { stateOf } from '../../../local/metrics/alarm-state.ts';
import { readCompositeRule } from '../../../local/metrics/composite-rule.ts';
import { formulaOf } from '../../../local/metrics/formula.ts';
import { createMetricStore } from '../../../local/metrics/store.ts';
import type { ResolvedResource } from '../../../local/template/resolve.ts';
import type { JsonObject } from '../../../local/template/template.ts';

const identity = { namespace: 'Postroom', name: 'Errors', dimensions: {} };

function alarm(overrides: Partial<MetricAlarm> = {}): MetricAlarm {
  return {
    kind: 'metric',
    name: 'errors',
    arn: 'arn:errors',
    description: '',
    formula: formulaOf({ identity, statistic: 'Sum' }, 60),
    comparison: 'GreaterThanOrEqualToThreshold',
    threshold: 1,
    evaluationPeriods: 3,
    datapointsToAlarm: 3,
    missingData: 'notBreaching',
    ...overrides,
  };
}

describe('the state of an alarm', () => {
  // The example of "Configuring how CloudWatch alarms treat missing data": three of three, five periods within sight, X
  // breaching and 0 not, the newest first.
  const [X, o, gap] = [1, 0, undefined];
  it.each([
    { newestFirst: [X, X, X, gap, gap], notBreaching: 'ALARM', breaching: 'ALARM' },
    { newestFirst: [gap, gap, X, X, X], notBreaching: 'ALARM', breaching: 'ALARM' },
    { newestFirst: [gap, X, o, X, X], notBreaching: 'OK', breaching: 'OK' },
    { newestFirst: [X, gap, gap, gap, gap], notBreaching: 'OK', breaching: 'ALARM' },
    { newestFirst: [o, gap, gap, gap, gap], notBreaching: 'OK', breaching: 'OK' },
    { newestFirst: [gap, gap, gap, gap, gap], notBreaching: 'OK', breaching: 'ALARM' },
  ])('$newestFirst is $notBreaching, or $breaching where silence is breaching', (one) => {
    const { newestFirst, notBreaching, breaching } = one;
    expect(stateOf(alarm(), newestFirst).state).toBe(notBreaching);
    expect(stateOf(alarm({ missingData: 'breaching' }), newestFirst).state).toBe(breaching);
  });

  // The same page's example of some of many: two of three.
  it.each([
    { newestFirst: [X, gap, X, gap, o], notBreaching: 'ALARM', breaching: 'ALARM' },
    { newestFirst: [X, o, X, o, o], notBreaching: 'ALARM', breaching: 'ALARM' },
    { newestFirst: [gap, gap, X, gap, o], notBreaching: 'OK', breaching: 'ALARM' },
    { newestFirst: [o, gap, gap, gap, gap], notBreaching: 'OK', breaching: 'ALARM' },
    { newestFirst: [gap, X, gap, gap, gap], notBreaching: 'OK', breaching: 'ALARM' },
  ])('two of three: $newestFirst is $notBreaching, or $breaching where silence is breaching', (one) => {
    const { newestFirst, notBreaching, breaching } = one;
    expect(stateOf(alarm({ datapointsToAlarm: 2 }), newestFirst).state).toBe(notBreaching);
    expect(stateOf(alarm({ datapointsToAlarm: 2, missingData: 'breaching' }), newestFirst).state).toBe(breaching);
  });

  it('counts some of many', () => {
    const twoOfThree = alarm({ datapointsToAlarm: 2 });
    expect(stateOf(twoOfThree, [1, 0, 1])).toEqual({
      state: 'ALARM',
      reason: '2 of the last 3 datapoints at or above the threshold 1: 1, 0, 1.',
    });
    expect(stateOf(twoOfThree, [1, 0, 0]).state).toBe('OK');
  });

  it.each([
    ['GreaterThanThreshold', 1, 'OK'],
    ['GreaterThanThreshold', 2, 'ALARM'],
    ['LessThanThreshold', 1, 'OK'],
    ['LessThanThreshold', 0, 'ALARM'],
    ['LessThanOrEqualToThreshold', 1, 'ALARM'],
  ] as const)('by %s with %d is %s', (comparison, value, state) => {
    expect(stateOf(alarm({ comparison, evaluationPeriods: 1, datapointsToAlarm: 1 }), [value]).state).toBe(state);
  });
});

describe('composite rules', () => {
  const states = (ringing: readonly string[]) => (name: string) => (ringing.includes(name) ? 'ALARM' : 'OK');

  it.each([
    ['ALARM("a") OR ALARM("b")', ['b'], true],
    ['(ALARM("a") AND ALARM("b"))', ['b'], false],
    ['ALARM("a") OR ALARM("b") AND ALARM("c")', ['a'], true],
    ['NOT (ALARM("a") OR OK("b"))', ['b'], true],
    ['INSUFFICIENT_DATA("a") OR FALSE', ['a'], false],
    ['TRUE', [], true],
  ])('%s while %j ring is %s', (rule, ringing, wanted) => {
    expect(readCompositeRule(rule).isTrue(states(ringing))).toBe(wanted);
  });

  it.each(['ALARM("a"', 'ALARM("a") XOR ALARM("b")', '', 'alarm("a")'])('refuses %j', (rule) => {
    expect(() => readCompositeRule(rule)).toThrow('is not expected there');
  });
});

describe('the board', () => {
  const minute = 6000;
  const page = {
    kind: 'composite',
    name: 'page',
    arn: 'arn:page',
    description: '',
    rule: 'ALARM("arn:errors")',
  } as const;

  function boardAtTenTimes(...alarms: Parameters<typeof createAlarmBoard>[0]) {
    const store = createMetricStore(1_000_000);
    const board = createAlarmBoard(alarms, store, { scale: 10, origin: 0 });
    const state = (name: string) => board.standings().find((one) => one.alarm.name === name)?.state;
    return { store, board, state };
  }

  it('evaluates on scaled minutes that are over, and what is composed of others after them', () => {
    const { store, board, state } = boardAtTenTimes(page, alarm({ evaluationPeriods: 2, datapointsToAlarm: 2 }));
    expect(state('page')).toBe('INSUFFICIENT_DATA');
    store.put(identity, 0.5 * minute, [1]);
    board.evaluate(1 * minute);
    store.put(identity, 1.5 * minute, [1]);
    board.evaluate(2 * minute - 1);
    expect([state('errors'), state('page')]).toEqual(['OK', 'OK']);
    board.evaluate(2 * minute);
    expect([state('errors'), state('page')]).toEqual(['ALARM', 'ALARM']);
    expect(board.standings().find((one) => one.alarm.name === 'page')?.reason).toBe('In alarm: errors.');
  });

  it('remembers when a state began, and the changes, the newest first', () => {
    const { store, board } = boardAtTenTimes(alarm({ evaluationPeriods: 1, datapointsToAlarm: 1 }));
    board.evaluate(minute);
    store.put(identity, 1.5 * minute, [1]);
    for (let at = 2; at < 8; at += 1) {
      if (at > 2) store.put(identity, (at - 0.5) * minute, [0]);
      board.evaluate(at * minute);
    }
    expect(board.transitions().map(({ at, to }) => [at / minute, to])).toEqual([
      [3, 'OK'],
      [2, 'ALARM'],
      [1, 'OK'],
    ]);
    expect(board.standings()[0]).toMatchObject({ state: 'OK', since: 3 * minute });
  });

  it('refuses a rule about an alarm that there is not', () => {
    const { board } = boardAtTenTimes({ ...page, rule: 'ALARM("arn:nobody")' });
    expect(() => board.evaluate(minute)).toThrow('no alarm arn:nobody');
  });
});

describe('alarms of a template', () => {
  const resource = (properties: JsonObject): ResolvedResource => ({
    logicalId: 'Broken',
    type: 'AWS::CloudWatch::Alarm',
    name: 'broken',
    identity: { ref: 'broken', attributes: { Arn: 'arn:broken' } },
    properties,
  });
  const metric = (Id: string, Period: number) => ({
    Id,
    ReturnData: false,
    MetricStat: { Metric: { Namespace: 'N', MetricName: Id }, Period, Stat: 'Sum' },
  });
  const common = {
    AlarmName: 'broken',
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 1,
    EvaluationPeriods: 1,
    TreatMissingData: 'breaching',
  };

  it.each([
    ['two periods', [metric('a', 60), metric('b', 300), { Id: 'e', Expression: 'a + b' }], /different periods/],
    ['an unknown id', [metric('a', 60), { Id: 'e', Expression: 'a + b' }], /there is no metric b/],
    ['nothing to return', [metric('a', 60)], /exactly one/],
    ['a function that is not computed here', [metric('a', 60), { Id: 'e', Expression: 'RATE(a)' }], /RATE/],
  ])('with %s are refused by name', (_what, Metrics, message) => {
    expect(() => alarmsOf([resource({ ...common, Metrics })])).toThrow(/Resource Broken/);
    expect(() => alarmsOf([resource({ ...common, Metrics })])).toThrow(message);
  });

  it('that treat silence in another way are refused', () => {
    expect(() => alarmsOf([resource({ ...common, TreatMissingData: 'ignore', Metrics: [] })])).toThrow(/Broken/);
  });
});
