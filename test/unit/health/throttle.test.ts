import { describe, expect, it } from 'vitest';
import type { RelayHealthEvent } from '../../../lib/health/events.ts';
import { Throttle } from '../../../lib/health/throttle.ts';
import { observations } from '../../support/health.ts';

const { accepted, throttled, fault } = observations;
const available = { kind: 'available', factor: 1 } as const;

function createThrottle({ maxSessions = 8, random = (): number => 0.5 } = {}) {
  const events: RelayHealthEvent[] = [];
  const throttle = new Throttle({ relay: 'a', maxSessions, random, report: (event) => events.push(event) });
  const slow = (times: number, from = 10_000) => {
    for (let n = 0; n < times; n += 1) throttle.observe(throttled, from + n * 1000);
  };
  return { throttle, events, slow };
}

describe('a relay that throttles', () => {
  it('gets half of what it got, and a session more for every ten mails it accepts', () => {
    const { throttle, slow, events } = createThrottle();
    slow(1);
    expect(throttle.sessions).toBe(4);
    expect(throttle.limit(available, 0)).toEqual({ kind: 'available', factor: 0.5 });
    expect(events).toEqual([{ type: 'throttled', relay: 'a', sessions: 4 }]);
    for (let n = 0; n < 11; n += 1) throttle.observe(accepted, 20_000);
    expect(throttle.sessions).toBe(5);
    for (let n = 0; n < 1000; n += 1) throttle.observe(accepted, 20_000);
    expect(throttle.sessions).toBe(8);
    expect(throttle.limit({ kind: 'available', factor: 0.4 }, 0)).toEqual({ kind: 'available', factor: 0.4 });
  });

  it('is slowed once for replies that come together', () => {
    const { throttle } = createThrottle();
    for (const at of [10_000, 10_001, 10_999]) throttle.observe(throttled, at);
    expect(throttle.sessions).toBe(4);
    throttle.observe(throttled, 11_000);
    expect(throttle.sessions).toBe(2);
  });

  it('is not slowed by faults', () => {
    const { throttle, events } = createThrottle();
    throttle.observe(fault, 10_000);
    expect(throttle.sessions).toBe(8);
    expect(events).toEqual([]);
  });

  it('gets only some of the mails when one session is too much, and never none', () => {
    let drawn = 0.3;
    const { throttle, slow } = createThrottle({ maxSessions: 1, random: () => drawn });
    slow(1);
    expect(throttle.limit(available, 500)).toEqual({ kind: 'available', factor: 0.5 });
    slow(1, 20_000);
    expect(throttle.limit(available, 500)).toEqual({ kind: 'out', why: 'throttled', reopensAt: 10_500 });
    slow(20, 30_000);
    drawn = 0.09;
    expect(throttle.limit(available, 500)).toMatchObject({ kind: 'available' });
    expect(throttle.sessions).toBe(1);
  });
});
