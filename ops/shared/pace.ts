import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/platform/clock.ts';

/** Resolves when it is the caller's turn: true, or false as soon as the work is stopped. */
export type Pace = () => Promise<boolean>;

/** Hands out turns evenly, `perSecond` of them, however many callers wait. Time that nobody used is not made up for. */
export function pace(perSecond: number, clock: Clock, signal: AbortSignal): Pace {
  const gapMs = 1000 / perSecond;
  let next = 0;
  return async () => {
    const now = clock.now();
    const turn = Math.max(now, next);
    next = turn + gapMs;
    if (turn > now) await delay(turn - now, undefined, { signal }).catch(() => {});
    return !signal.aborted;
  };
}
