import { describe, expect, it } from 'vitest';
import { metricNamespace, metrics } from '../../../lib/contracts/metrics.ts';
import { alarmsOf } from '../../../local/metrics/alarm-definition.ts';
import { awsMetrics, logGroups, recordInvocation } from '../../../local/metrics/aws-metrics.ts';
import { widgetsOf } from '../../../local/metrics/dashboard.ts';
import { graphData } from '../../../local/metrics/graph.ts';
import { createMetricStore } from '../../../local/metrics/store.ts';
import type { ResolvedResource } from '../../../local/template/resolve.ts';
import { resolvedStack } from '../../support/resolved-stack.ts';

const stack = resolvedStack();
const widgets = widgetsOf(stack.resources);
const graphs = widgets.filter((widget) => widget.kind === 'graph');

function dashboard(metrics: readonly unknown[], properties: object = {}): ResolvedResource {
  const place = { x: 0, y: 0, width: 6, height: 6 };
  const widget = { type: 'metric', ...place, properties: { view: 'timeSeries', metrics, ...properties } };
  return {
    logicalId: 'Dashboard',
    type: 'AWS::CloudWatch::Dashboard',
    name: 'd',
    identity: { ref: 'd', attributes: {} },
    properties: { DashboardBody: JSON.stringify({ widgets: [widget] }) },
  };
}

describe('the dashboard of the template', () => {
  it('is understood as a whole', () => {
    expect(widgets[0]).toMatchObject({
      kind: 'alarms',
      alarms: alarmsOf(stack.resources).map(() => expect.any(String)),
    });
    expect(graphs.length).toBeGreaterThan(20);
    expect(graphs.every(({ lines }) => lines.length > 0)).toBe(true);
  });

  it('has no line, and no alarm, without a source here', () => {
    const formulas = [
      ...graphs.flatMap(({ lines }) => lines.map(({ formula }) => formula)),
      ...alarmsOf(stack.resources).flatMap((alarm) => (alarm.kind === 'metric' ? [alarm.formula] : [])),
    ];
    const unknown = formulas
      .flatMap(({ operands }) => Object.values(operands))
      .filter(({ identity: { namespace, name, dimensions } }) => {
        if (namespace !== metricNamespace) return !awsMetrics[namespace]?.includes(name);
        const own = Object.entries(metrics).find(([known]) => known === name)?.[1];
        return own?.dimensions !== Object.keys(dimensions).sort().reverse().join('+');
      });
    expect(unknown.map(({ identity }) => identity.name)).toEqual([]);
  });
});

describe('the graph of the ledger', () => {
  it('shows claims and outcomes while nothing is refused', () => {
    const ledger = graphs.find(({ title }) => title === 'Ledger (DynamoDB)') ?? expect.fail('no such graph');
    const store = createMetricStore(1_000_000);
    for (const name of ['ClaimDuration', 'SettleDuration']) {
      const { identity } =
        ledger.lines
          .flatMap(({ formula }) => Object.values(formula.operands))
          .find((one) => one.identity.name === name) ?? expect.fail(name);
      store.put(identity, 1000, [3, 4, 5]);
    }

    const { values } = graphData(ledger, store, 7000, { scale: 10, origin: 0 });

    const shown = ledger.lines.map(({ label, axis }, line) => [label, axis, values[line]]);
    expect(shown).toContainEqual(['claims', 'right', [3]]);
    expect(shown).toContainEqual(['outcomes recorded', 'right', [3]]);
  });
});

describe('a graph', () => {
  const time = { scale: 10, origin: 0 };
  const minute = 6000;
  const [graph] = widgetsOf([
    dashboard(
      [
        [{ expression: 'errors / sends', label: 'share' }],
        ['N', 'Errors', 'stage', 'dev', { id: 'errors', visible: false, stat: 'Sum', period: 60 }],
        ['N', 'Sends', 'stage', 'dev', { id: 'sends', stat: 'Sum', period: 60, yAxis: 'right' }],
      ],
      { period: 60 },
    ),
  ]);
  if (graph?.kind !== 'graph') throw new Error('no graph');

  it('draws what is visible, by the axis', () => {
    expect(graph.lines.map(({ label, axis }) => [label, axis])).toEqual([
      ['share', 'left'],
      ['Sends', 'right'],
    ]);
  });

  it('has a datapoint for each scaled minute that is over, null where there is none', () => {
    const store = createMetricStore(1_000_000);
    const dimensions = { stage: 'dev' };
    store.put({ namespace: 'N', name: 'Sends', dimensions }, 0.5 * minute, [4]);
    store.put({ namespace: 'N', name: 'Errors', dimensions }, 0.5 * minute, [1]);
    store.put({ namespace: 'N', name: 'Sends', dimensions }, 2.5 * minute, [3]);
    expect(graphData(graph, store, 3.9 * minute, time)).toEqual({
      times: [minute, 2 * minute, 3 * minute],
      values: [
        [0.25, null, null],
        [4, null, 3],
      ],
    });
  });

  it('keeps what it has shown, but for the newest minute, which may not have been complete', () => {
    const store = createMetricStore(1_000_000);
    const before = {
      times: [minute, 2 * minute],
      values: [
        [7, 8],
        [9, 10],
      ],
    };
    expect(graphData(graph, store, 3 * minute, time, before)).toEqual({
      times: [minute, 2 * minute, 3 * minute],
      values: [
        [7, null, null],
        [9, null, null],
      ],
    });
  });

  it('is empty before the first minute, and where nothing was published', () => {
    const store = createMetricStore(1000);
    expect(graphData(graph, store, minute - 1, time)).toEqual({ times: [], values: [[], []] });
    expect(graphData(graph, store, 2 * minute, time).values).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  it.each([
    [
      'a short form',
      [
        ['N', 'A'],
        ['...', 'B'],
      ],
      /short form/,
    ],
    ['another view', [['N', 'A']], /singleValue/, { view: 'singleValue' }],
    ['an unknown statistic', [['N', 'A', { stat: 'IQM' }]], /IQM/],
  ])('of %s is refused', (_what, given, message, properties: object = {}) => {
    expect(() => widgetsOf([dashboard(given, properties)])).toThrow(message);
  });
});

describe('what AWS publishes', () => {
  it('counts an invocation that failed, and not one that was throttled', () => {
    const store = createMetricStore(1000);
    const invocation = { functionName: 'sender', startedAt: 1, durationMs: 20, concurrent: 2 };
    recordInvocation({ ...invocation, result: { ok: true, payload: '' } }, store);
    recordInvocation({ ...invocation, result: { ok: false, kind: 'timeout', message: '' } }, store);
    recordInvocation({ ...invocation, result: { ok: false, kind: 'throttled', message: '' } }, store);
    const sum = (name: string) =>
      store.statistic({ namespace: 'AWS/Lambda', name, dimensions: { FunctionName: 'sender' } }, 'Sum', {
        from: 0,
        to: 9,
      });
    expect(['Invocations', 'Errors', 'Throttles', 'Duration'].map(sum)).toEqual([2, 1, 1, 40]);
    expect(
      store
        .identities()
        .map(({ name }) => name)
        .every((name) => awsMetrics['AWS/Lambda']?.includes(name)),
    ).toBe(true);
  });

  it('knows the log group of each function', () => {
    const groups = logGroups(stack);
    const functions = stack.resources.filter(({ type }) => type === 'AWS::Lambda::Function');
    expect([...groups.keys()].sort()).toEqual(functions.map(({ name }) => name).sort());
    expect([...groups.values()].every((group) => group.includes('Logs'))).toBe(true);
  });
});
