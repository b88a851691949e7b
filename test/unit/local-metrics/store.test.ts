import { describe, expect, it } from 'vitest';
import { ingestEmf } from '../../../local/metrics/emf.ts';
import { readStatistic } from '../../../local/metrics/statistics.ts';
import { createMetricStore, type MetricIdentity } from '../../../local/metrics/store.ts';

const metric: MetricIdentity = { namespace: 'Postroom', name: 'SendDuration', dimensions: { stage: 'dev' } };
const whole = { from: 0, to: 1000 };

function storeOf(...moments: readonly (readonly [number, ...number[]])[]) {
  const store = createMetricStore(10_000);
  for (const [at, ...values] of moments) store.put(metric, at, values);
  return store;
}

describe('metric store', () => {
  it.each([
    ['Sum', 10],
    ['Average', 2.5],
    ['Minimum', 1],
    ['Maximum', 4],
    ['SampleCount', 4],
    ['p50', 2],
    ['p90', 4],
    ['p0', 1],
    ['p100', 4],
  ])('computes %s', (statistic, value) => {
    const store = storeOf([1, 4, 1], [2, 3], [3, 2]);
    expect(store.statistic(metric, readStatistic(statistic), whole)).toBe(value);
  });

  it('has no datapoint where there is no value', () => {
    expect(storeOf().statistic(metric, 'Sum', whole)).toBeUndefined();
    expect(storeOf([2000, 1]).statistic(metric, 'SampleCount', whole)).toBeUndefined();
  });

  it('takes the beginning of a window for part of it, and its end not', () => {
    const store = storeOf([100, 1], [200, 10], [300, 100]);
    expect(store.statistic(metric, 'Sum', { from: 100, to: 300 })).toBe(11);
  });

  it('puts values that come late where they belong', () => {
    const store = storeOf([300, 100], [100, 1], [200, 10]);
    expect(store.statistic(metric, 'Sum', { from: 0, to: 250 })).toBe(11);
  });

  it('forgets what is too old to be looked at', () => {
    const store = storeOf([0, 1], [10_001, 2]);
    expect(store.statistic(metric, 'Sum', { from: 0, to: 20_000 })).toBe(2);
  });

  it('tells metrics apart by name and dimensions, whatever their order', () => {
    const store = createMetricStore(1000);
    const relay = { ...metric, dimensions: { relay: 'a', stage: 'dev' } };
    store.put(relay, 1, [1]);
    store.put(metric, 1, [5]);
    const turned = { ...metric, dimensions: { stage: 'dev', relay: 'a' } };
    expect(store.statistic(turned, 'Sum', whole)).toBe(1);
    expect(store.identities()).toEqual([relay, metric]);
  });

  it('refuses a statistic that it does not know', () => {
    expect(() => readStatistic('TM(10%:90%)')).toThrow('TM(10%:90%) is not supported');
    expect(() => readStatistic('p101')).toThrow('not supported');
  });
});

describe('embedded metric format', () => {
  const document = {
    _aws: {
      Timestamp: 500,
      CloudWatchMetrics: [
        { Namespace: 'Postroom', Dimensions: [['stage']], Metrics: [{ Name: 'Sends' }, { Name: 'SendDuration' }] },
      ],
    },
    stage: 'dev',
    Sends: 3,
    SendDuration: [10, 20],
    awsCalls: { 'DynamoDB.PutItem': 3 },
  };

  it('gives the declared metrics, and nothing else of the document', () => {
    const store = createMetricStore(1000);
    ingestEmf(JSON.stringify(document), store);
    expect(store.statistic({ ...metric, name: 'Sends' }, 'Sum', whole)).toBe(3);
    expect(store.statistic(metric, 'SampleCount', whole)).toBe(2);
    expect(store.identities()).toHaveLength(2);
  });

  it.each(['plain text', '{"event":"batch.done"}', '{"_aws": 1}', '{"_aws":'])('leaves %s alone', (line) => {
    const store = createMetricStore(1000);
    ingestEmf(line, store);
    expect(store.identities()).toEqual([]);
  });
});
