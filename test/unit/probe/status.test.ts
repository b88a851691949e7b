import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProbeMark } from '../../../lib/health/item.ts';
import { advance, type Course, factorOf, markOf, newCourse, type RelayStatus } from '../../../lib/probe/status.ts';

const letters: Readonly<Record<string, ProbeMark>> = { f: 'fast', m: 'middling', s: 'slow', x: 'failed' };

function course(word: string): Course[] {
  const courses: Course[] = [];
  for (const letter of word) courses.push(advance(courses.at(-1) ?? newCourse, letters[letter] ?? 'failed'));
  return courses;
}

const initials: Readonly<Record<RelayStatus, string>> = { healthy: 'H', degraded: 'D', offline: 'O' };
/** The status after each mark. */
const statuses = (word: string) =>
  course(word)
    .map(({ status }) => initials[status])
    .join('');

describe('marks', () => {
  it.each<[number | undefined, ProbeMark]>([
    [0, 'fast'],
    [159, 'fast'],
    [160, 'middling'],
    [199, 'middling'],
    [200, 'slow'],
    [500, 'slow'],
    [undefined, 'failed'],
  ])('%s ms of at most 200 is %s', (latencyMs, mark) => {
    expect(markOf(latencyMs, 200)).toBe(mark);
  });
});

describe('status by marks', () => {
  it.each([
    ['one slow probe is forgiven', 'fsfff', 'HHHHH'],
    ['one failed probe is forgiven', 'fxfff', 'HHHHH'],
    ['two slow ones of three degrade', 'sfsff', 'HHDDD'],
    ['failed ones degrade nothing', 'xfxfxxf', 'HHHHHHH'],
    ['three failed ones in a row are offline', 'fxxx', 'HHHO'],
    ['a relay that was never seen well goes offline as fast', 'xxx', 'HHO'],
    ['three fast ones in a row restore', 'ssfff', 'HDDDH'],
    ['middling ones restore nothing', 'ssfmff', 'HDDDDD'],
    ['middling ones degrade nothing', 'mmmm', 'HHHH'],
    ['one good probe brings nobody back', 'xxxfx', 'HHOOO'],
    ['two in a row do', 'xxxff', 'HHOOH'],
    ['two in a row, one slow: with less weight', 'xxxfs', 'HHOOD'],
    ['a relay that fails every other time stays away', 'xxxfxfxf', 'HHOOOOOO'],
    ['a relay that is slow every other time stays degraded', 'sfsfsfsf', 'HHDDDDDD'],
  ])('%s', (_, word, expected) => {
    expect(statuses(word)).toBe(expected);
  });

  it.each<[RelayStatus, number]>([
    ['healthy', 1],
    ['degraded', 0.4],
    ['offline', 0],
  ])('%s weighs ×%d', (status, factor) => {
    expect(factorOf(status, 0.4)).toBe(factor);
  });
});

describe('whatever the probes show', () => {
  const marks = fc.array(fc.constantFrom<ProbeMark>('fast', 'middling', 'slow', 'failed'), { maxLength: 60 });
  const run = (history: readonly ProbeMark[]) => {
    const courses = [newCourse];
    for (const mark of history) courses.push(advance(courses.at(-1) ?? newCourse, mark));
    return courses;
  };

  it('three failures in a row end offline, three fast ones healthy', () => {
    fc.assert(
      fc.property(marks, (history) => {
        const failed = run([...history, 'failed', 'failed', 'failed']).at(-1);
        const fast = run([...history, 'fast', 'fast', 'fast']).at(-1);
        expect([failed?.status, fast?.status]).toEqual(['offline', 'healthy']);
      }),
    );
  });

  it('no single probe moves a relay that was steady for three', () => {
    fc.assert(
      fc.property(marks, fc.constantFrom<ProbeMark>('slow', 'failed'), (history, outlier) => {
        const steady = run([...history, 'fast', 'fast', 'fast', outlier]).at(-1);
        expect(steady?.status).toBe('healthy');
      }),
    );
  });

  it('a relay does not flap: a way up and the next way down are at least two probes apart', () => {
    const rank = { offline: 0, degraded: 1, healthy: 2 };
    fc.assert(
      fc.property(marks, (history) => {
        const ranks = run(history).map(({ status }) => rank[status]);
        const ups = ranks.flatMap((now, index) => (index > 0 && now > (ranks[index - 1] ?? 0) ? [index] : []));
        for (const up of ups) expect(ranks[up + 1] ?? 2).toBeGreaterThanOrEqual(ranks[up] ?? 0);
      }),
    );
  });

  it('latencies between the two thresholds change nothing', () => {
    fc.assert(
      fc.property(marks, fc.nat({ max: 10 }), (history, length) => {
        const middling = (count: number) => Array.from({ length: count }, () => 'middling' as const);
        const [before, after] = [2, 2 + length].map((count) => run([...history, ...middling(count)]).at(-1));
        expect(after?.status).toBe(before?.status);
      }),
    );
  });
});
