import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backoffMs,
  type RetrySettings,
  stretch,
  visibilitySeconds,
  waitForRelayMs,
} from '../../../lib/retry/schedule.ts';

const hour = 3_600_000;
const day = 24 * hour;

function settingsWith(changes: Partial<RetrySettings> = {}): RetrySettings {
  return {
    baseSeconds: 30,
    factor: 2,
    maxSeconds: 3600,
    jitter: 0.2,
    maxAttempts: 200,
    maxAgeSeconds: 432_000,
    ...changes,
  };
}

const anySettings: fc.Arbitrary<RetrySettings> = fc.record({
  baseSeconds: fc.double({ min: 0, minExcluded: true, max: 1e9, noNaN: true }),
  factor: fc.double({ min: 1, max: 1e6, noNaN: true }),
  maxSeconds: fc.double({ min: 0, minExcluded: true, max: 1e9, noNaN: true }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  maxAttempts: fc.integer({ min: 1, max: 10_000 }),
  maxAgeSeconds: fc.integer({ min: 1, max: (14 * day) / 1000 }),
});
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyAttempts = fc.integer({ min: 1, max: 2000 });
const anyAge = fc.integer({ min: -5000, max: 14 * day });

describe('backoff', () => {
  it('doubles from the base to the longest wait', () => {
    const delays = [1, 2, 3, 7, 8, 200].map((attempts) => backoffMs(attempts, settingsWith(), () => 0.5));
    expect(delays).toEqual([30_000, 60_000, 120_000, 1_920_000, 3_600_000, 3_600_000]);
  });

  it('swings by the jitter to both sides', () => {
    expect(backoffMs(1, settingsWith(), () => 0)).toBe(24_000);
    expect(backoffMs(1, settingsWith(), () => 0.999999)).toBeCloseTo(36_000, -1);
  });

  it('takes a mail without attempts for one with its first', () => {
    expect(backoffMs(0, settingsWith(), () => 0.5)).toBe(30_000);
  });

  it('is a number between 0 and both its bounds, for every setting', () => {
    fc.assert(
      fc.property(anyAttempts, anySettings, anyRandom, (attempts, settings, at) => {
        const delay = backoffMs(attempts, settings, () => at);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.min(12 * hour, settings.maxSeconds * 1000 * (1 + settings.jitter)));
      }),
    );
  });

  it('never shrinks with another attempt at the same chance', () => {
    fc.assert(
      fc.property(anyAttempts, anySettings, anyRandom, (attempts, settings, at) => {
        const random = () => at;
        expect(backoffMs(attempts + 1, settings, random)).toBeGreaterThanOrEqual(backoffMs(attempts, settings, random));
      }),
    );
  });
});

describe('waiting without charge', () => {
  it('ends after the earliest relay reopens, spread by the jitter', () => {
    const wait = { ageMs: 10_000, reopensInMs: 60_000 };
    expect(waitForRelayMs(wait, settingsWith(), () => 0)).toBe(60_000);
    expect(waitForRelayMs(wait, settingsWith(), () => 0.5)).toBe(66_000);
  });

  it('takes the base when nobody knows how long', () => {
    expect(waitForRelayMs({ ageMs: 0 }, settingsWith(), () => 0)).toBe(30_000);
  });

  it('never ends before the relay reopens, nor after 12 hours', () => {
    fc.assert(
      fc.property(
        anyAge,
        fc.integer({ min: -1000, max: 2 * day }),
        anySettings,
        anyRandom,
        (ageMs, opens, settings, at) => {
          const waited = waitForRelayMs({ ageMs, reopensInMs: opens }, settings, () => at);
          expect(waited).toBeGreaterThanOrEqual(Math.min(opens, 12 * hour));
          expect(waited).toBeLessThanOrEqual(12 * hour);
        },
      ),
    );
  });
});

describe('stretching', () => {
  it.each([
    { ageMs: 0, shortest: 1000 },
    { ageMs: 10 * 60_000, shortest: 75_000 },
    { ageMs: hour, shortest: 900_000 },
    { ageMs: day, shortest: 900_000 },
    { ageMs: 5 * day, shortest: 4_500_000 },
  ])('asks for $shortest ms at an age of $ageMs ms', ({ ageMs, shortest }) => {
    expect(stretch(0, ageMs)).toBe(shortest);
    expect(stretch(shortest + 1, ageMs)).toBe(shortest + 1);
  });

  it('makes any life within 14 days take fewer than 500 receives, whatever is charged and whatever the chance', () => {
    fc.assert(
      fc.property(anySettings, fc.infiniteStream(fc.tuple(fc.boolean(), anyRandom)), (settings, chances) => {
        expect(receivesIn(settings, chances)).toBeLessThan(500);
      }),
    );
  });

  it('holds in the worst case: no base, no growth, and chance always at its lowest', () => {
    const restless = settingsWith({ baseSeconds: 1e-6, factor: 1, jitter: 1, maxAgeSeconds: (14 * day) / 1000 });
    expect(receivesIn(restless, always(true))).toBeLessThan(500);
    expect(receivesIn(restless, always(false))).toBeLessThan(500);
  });
});

/** Lives through one mail: every wait is charged or not as `chances` say, until the age limit ends it. */
function receivesIn(settings: RetrySettings, chances: Iterable<readonly [boolean, number]>): number {
  let ageMs = 0;
  let attempts = 0;
  let receives = 0;
  for (const [charged, at] of chances) {
    if (ageMs >= settings.maxAgeSeconds * 1000 || receives >= 1000) break;
    receives += 1;
    attempts += charged ? 1 : 0;
    const random = () => at;
    const delay = charged
      ? stretch(backoffMs(attempts, settings, random), ageMs)
      : waitForRelayMs({ ageMs, reopensInMs: 0 }, settings, random);
    ageMs += visibilitySeconds(delay, 0) * 1000;
  }
  return receives;
}

function* always(charged: boolean): Iterable<readonly [boolean, number]> {
  while (true) yield [charged, 0];
}

describe('visibility', () => {
  it.each([
    { delayMs: 30_000, receivedForMs: 5000, seconds: 30 },
    { delayMs: 30_001, receivedForMs: 0, seconds: 31 },
    { delayMs: 0, receivedForMs: 0, seconds: 0 },
    { delayMs: -5, receivedForMs: 0, seconds: 0 },
    { delayMs: 13 * hour, receivedForMs: 0, seconds: 43_200 },
    { delayMs: 12 * hour, receivedForMs: 90_500, seconds: 43_109 },
    { delayMs: hour, receivedForMs: 13 * hour, seconds: 0 },
    { delayMs: Number.NaN, receivedForMs: 0, seconds: 0 },
  ])('of $delayMs ms, $receivedForMs ms after the receive, is $seconds s', ({ delayMs, receivedForMs, seconds }) => {
    expect(visibilitySeconds(delayMs, receivedForMs)).toBe(seconds);
  });

  it('is a whole number that SQS takes, and never early unless SQS allows no more', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.maxSafeInteger(), fc.integer({ max: day }), fc.constant(Number.POSITIVE_INFINITY)),
        fc.integer({ min: -1000, max: day }),
        (delayMs, receivedForMs) => {
          const seconds = visibilitySeconds(delayMs, receivedForMs);
          const passed = Math.max(receivedForMs, 0) / 1000;
          expect(Number.isInteger(seconds)).toBe(true);
          expect(seconds).toBeGreaterThanOrEqual(0);
          expect(seconds === 0 || seconds + passed <= 43_200).toBe(true);
          if (delayMs / 1000 + passed + 1 <= 43_200) expect(seconds * 1000).toBeGreaterThanOrEqual(delayMs);
        },
      ),
    );
  });
});
