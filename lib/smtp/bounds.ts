import type { Clock } from '../platform/clock.ts';
import type { SmtpTimeouts } from './transport.ts';

/** How long one operation may take: a time-out per phase, all cut by the caller's deadline (ms since the epoch). */
export interface Bounds {
  readonly timeouts: SmtpTimeouts;
  readonly clock: Clock;
  readonly deadline: number;
}

/**
 * Milliseconds a phase may take. One more than is left before the deadline, because timers may fire up to a millisecond
 * early: whoever is told of a time-out at the deadline must find that the deadline has passed.
 */
export function allowed(phaseMs: number, { clock, deadline }: Bounds): number {
  return Math.max(0, Math.min(phaseMs, deadline - clock.now() + 1));
}
