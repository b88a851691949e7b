import type { Clock } from '../platform/clock.ts';
import type { SmtpTimeouts } from './transport.ts';

/** How long one operation may take: a time-out per phase, all cut by the caller's deadline (ms since the epoch). */
export interface Bounds {
  readonly timeouts: SmtpTimeouts;
  readonly clock: Clock;
  readonly deadline: number;
  /** Relays that share the time until then: this one, and those that the mail can still turn to. Absent: this one. */
  readonly relays?: number;
}

/**
 * Milliseconds a phase may take. One more than is left before the deadline, because timers may fire up to a millisecond
 * early: whoever is told of a time-out at the deadline must find that the deadline has passed.
 */
export function allowed(phaseMs: number, { clock, deadline }: Bounds): number {
  return Math.max(0, Math.min(phaseMs, deadline - clock.now() + 1));
}

/** A silence of so many milliseconds is a relay's own, whatever it was asked: what the stage grants a host to connect. */
export function fairMs({ connectMs, commandMs }: SmtpTimeouts): number {
  return Math.min(connectMs, commandMs);
}

/**
 * Milliseconds for which one relay may keep a mail waiting: an even share of the time that is left, so that a healthy
 * relay is still asked after one that stalls; but never less than a fair time.
 */
export function turnMs({ timeouts, clock, deadline, relays = 1 }: Bounds): number {
  return Math.max(fairMs(timeouts), (deadline - clock.now()) / relays);
}

/** True when the deadline ended a wait that began too late to be a fair one: it says nothing about the relay. */
export function cutShort(waitingSince: number, { timeouts, clock, deadline }: Bounds): boolean {
  const now = clock.now();
  return now >= deadline && now - waitingSince < fairMs(timeouts);
}
