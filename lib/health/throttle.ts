import type { RelayObservation } from '../delivery/ports.ts';
import type { Random } from '../platform/clock.ts';
import type { RelayHealthEvent } from './events.ts';
import { type Standing, soonMs } from './standing.ts';

export interface ThrottleOptions {
  readonly relay: string;
  readonly maxSessions: number;
  readonly random: Random;
  readonly report: (event: RelayHealthEvent) => void;
}

/** Every tenth mail still asks, so that the end of the throttling is noticed. */
const fewestSessions = 0.1;
/** What one accepted mail adds: ten of them make a session. */
const perAcceptance = 0.1;
/** Replies to mails that were on their way together are one signal, not many. */
const signalMs = 1000;

/**
 * How much this environment sends to a relay that throttles: additive increase, multiplicative decrease (the congestion
 * control of RFC 5681, with sessions for a window). Below one session, only that share of the mails goes there. Throttling
 * is no ill health, so nobody else is told: every environment gets replies of its own.
 */
export class Throttle {
  readonly #options: ThrottleOptions;
  /** Also fractions: 0.5 is every other mail. */
  #sessions: number;
  #slowedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#sessions = options.maxSessions;
  }

  /** Sessions that may be used at one time, at least one. */
  get sessions(): number {
    return Math.max(1, Math.floor(this.#sessions));
  }

  observe(observation: RelayObservation, now: number): void {
    const { relay, maxSessions, report } = this.#options;
    if (observation === 'accepted') {
      this.#sessions = Math.min(maxSessions, this.#sessions + perAcceptance);
    } else if (observation.scope === 'throttle' && Math.abs(now - this.#slowedAt) >= signalMs) {
      this.#sessions = Math.max(fewestSessions, this.#sessions / 2);
      this.#slowedAt = now;
      report({ type: 'throttled', relay, sessions: this.#sessions });
    }
  }

  /** The standing of the relay for one mail, drawn anew for each. */
  limit(standing: Standing, now: number): Standing {
    if (standing.kind !== 'available') return standing;
    const { maxSessions, random } = this.#options;
    if (this.#sessions < 1 && random() >= this.#sessions) {
      return { kind: 'out', why: 'throttled', reopensAt: now + soonMs };
    }
    return { kind: 'available', factor: (standing.factor * this.#sessions) / maxSessions };
  }
}
