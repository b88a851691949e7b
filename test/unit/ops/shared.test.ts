import { describe, expect, it } from 'vitest';
import { describeDuration, parseDuration } from '../../../ops/shared/duration.ts';
import { pace } from '../../../ops/shared/pace.ts';
import { progress } from '../../../ops/shared/progress.ts';

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['0.5d', 43_200_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration('older-than', text)).toBe(ms);
  });

  it.each([
    [-5, '0s'],
    [119_999, '119s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
    [200_000_000, '2d'],
  ])('%i ms reads %s', (ms, text) => {
    expect(describeDuration(ms)).toBe(text);
  });
});

describe('a pace', () => {
  it('spreads callers that come at once over the time', async () => {
    const turn = pace(100, { now: () => performance.now() }, new AbortController().signal);
    const started = performance.now();
    await Promise.all(Array.from({ length: 11 }, turn));
    // Ten gaps of 10 ms; a timer may fire a millisecond early.
    expect(performance.now() - started).toBeGreaterThan(90);
  });

  it('gives everybody up as soon as the work is stopped', async () => {
    const stop = new AbortController();
    const turn = pace(0.001, { now: () => 0 }, stop.signal);
    expect(await turn()).toBe(true);
    const second = turn();
    stop.abort();
    expect(await second).toBe(false);
  });
});

describe('progress', () => {
  function written(isTTY: boolean, shares: readonly number[]): string[] {
    const texts: string[] = [];
    const bar = progress({ isTTY, columns: 40, write: (text) => texts.push(text) });
    for (const done of shares) bar.show(done, 100, 'looked at');
    bar.end();
    return texts;
  }

  it('fills a bar within one line of a terminal', () => {
    expect(written(true, [50, 100])).toEqual([
      `\r\u001b[2K[${'█'.repeat(12)}${' '.repeat(12)}] 50/100 looke`,
      `\r\u001b[2K[${'█'.repeat(24)}] 100/100 look`,
      '\n',
    ]);
  });

  it('is a line per tenth elsewhere', () => {
    expect(written(false, [5, 10, 12, 55, 59, 100])).toEqual([
      '10/100 looked at\n',
      '55/100 looked at\n',
      '100/100 looked at\n',
    ]);
  });
});
