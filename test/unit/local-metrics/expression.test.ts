import { describe, expect, it } from 'vitest';
import { readExpression } from '../../../local/metrics/expression.ts';

const compute = (text: string, values: Readonly<Record<string, number | undefined>> = {}) =>
  readExpression(text).compute(values);

describe('metric math', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 4 - 3', 3],
    ['8 / 4 / 2', 1],
    ['1 + 1 == 2', 1],
    ['2 >= 3', 0],
    ['1 < 2 AND 2 < 1', 0],
    ['1 < 2 AND 2 < 1 OR 1 == 1', 1],
    ['IF(0, 1, 2)', 2],
    ['IF(5 > 4, 0.5, 2)', 0.5],
  ])('%s is %d', (text, value) => {
    expect(compute(text)).toBe(value);
  });

  it.each([
    ['m + 1', undefined],
    ['FILL(m, 3) + 1', 4],
    ['IF(m, 1, 2)', undefined],
    ['IF(n > 0, m, 1)', undefined],
    ['IF(n > 0, 1, m)', 1],
    ['FILL(n, 9)', 2],
    ['n / 0', undefined],
    ['m == m', undefined],
  ])('of a period in which m has no datapoint and n is 2, %s is %s', (text, value) => {
    expect(compute(text, { m: undefined, n: 2 })).toBe(value);
  });

  it('tells which metrics it names', () => {
    expect(readExpression('IF(FILL(delivered, 0) > 0, 0, FILL(relay_primary, 0) + delivered)').ids).toEqual([
      'delivered',
      'relay_primary',
    ]);
  });

  it.each([
    ['SEARCH("x", "Sum")', /SEARCH is not supported/],
    ['METRICS()', /METRICS is not supported/],
    ['m + ', /its end is not supported/],
    ['(m', /\) expected, its end found/],
    ['m n', /n is left over/],
    ['IF(m, 1)', /, expected, \) found/],
    ['-1', /- is not supported/],
    ['[m, n]', /\[ is not supported/],
  ])('refuses %s by name', (text, message) => {
    expect(() => readExpression(text)).toThrow(message);
  });
});
