import { describe, expect, it } from 'vitest';
import { exhausted, type RetrySettings, type RetryState } from '../../../lib/retry/schedule.ts';

const settings: RetrySettings = {
  baseSeconds: 30,
  factor: 2,
  maxSeconds: 3600,
  jitter: 0.2,
  maxAttempts: 3,
  maxAgeSeconds: 100,
};
const enqueuedAt = 1_700_000_000_000;

function stateWith(changes: Partial<RetryState> = {}): RetryState {
  return { attempts: 2, firstSeenAt: enqueuedAt, now: enqueuedAt + 99_999, receives: 899, ...changes };
}

describe('retry limits', () => {
  it('let a mail go on that is just below all of them', () => {
    expect(exhausted(stateWith(), settings)).toBeUndefined();
  });

  it.each([
    { rule: 'attempts', changes: { attempts: 3 }, says: 'Given up after 3 attempts (limit 3).' },
    { rule: 'age', changes: { now: enqueuedAt + 100_000 }, says: 'Given up after 100 seconds (limit 100).' },
    { rule: 'receives', changes: { receives: 900 }, says: 'Given up after 900 receives from the queue (limit 900).' },
  ])('end it by $rule', ({ rule, changes, says }) => {
    expect(exhausted(stateWith(changes), settings)).toEqual({ rule, message: says });
  });

  it('do not end a mail whose enqueue time is ahead of our clock', () => {
    expect(exhausted(stateWith({ now: enqueuedAt - 60_000 }), settings)).toBeUndefined();
  });
});
