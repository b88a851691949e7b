import type { RelayHealthItem } from '../../lib/health/item.ts';
import type { LogEventCode } from '../../lib/telemetry/log-events.ts';
import type { Behaviour } from '../relays/behaviour.ts';

/** A story of relays that misbehave: data only. `play` tells it on a running system. */
export interface Scenario {
  /** What to look at, a sentence. */
  readonly watch: string;
  /** The state in which it ends, a sentence. */
  readonly ends: string;
  /** A stage config, as a stage file would hold it. */
  readonly config: object;
  /** How relays behave from the start, by name; well unless told otherwise. */
  readonly behaviours?: Readonly<Record<string, () => Behaviour>>;
  /** Background traffic, from the start until the last step. */
  readonly mailsPerSecond: number;
  readonly steps: readonly Step[];
  /** What `ends` says, piece by piece: looked at when the traffic has stopped and the queue is empty. */
  readonly promises: readonly Promised[];
}

/** Something that happens to a relay, or that is noticed. */
export interface Step {
  readonly name: string;
  readonly says: string;
  /** Time for people to see what went before, in seconds. */
  readonly lookSeconds?: number;
  /** And not before that is so. */
  readonly once?: (view: View) => boolean;
  readonly does?: Deed;
}

export type Deed =
  | {
      readonly kind: 'go-down' | 'come-back' | 'drop-sessions' | 'change-password' | 'fill-in-secret';
      readonly relay: string;
    }
  | { readonly kind: 'behave'; readonly relay: string; readonly behaviour: () => Behaviour }
  | { readonly kind: 'publish'; readonly mails: number };

/** A running system as steps see it. Times are milliseconds since the epoch. */
export interface View {
  readonly now: number;
  readonly published: number;
  /** Messages in the intake queue, in flight ones included. */
  readonly queued: number;
  /** In the order of arrival. */
  readonly arrivals: readonly Arrival[];
  /** What the fleet knows of each relay. */
  readonly health: ReadonlyMap<string, RelayHealthItem | undefined>;
  /** When each step happened. */
  readonly times: ReadonlyMap<string, number>;
  /** How often that was logged; about one relay, when it is named. */
  logged(event: LogEventCode, relay?: string): number;
}

export interface Arrival {
  readonly relay: string;
  readonly recipient: string;
  readonly at: number;
}

export interface Promised {
  readonly says: string;
  readonly holds: (end: End) => boolean;
}

export interface End {
  readonly view: View;
  readonly fates: readonly Fate[];
  readonly deadLetters: number;
}

/** What became of one mail. */
export interface Fate {
  readonly recipient: string;
  /** The relays that took it; more than one entry: it arrived more than once. */
  readonly takenBy: readonly string[];
  /** Charged attempts. */
  readonly attempts: number;
  /** Sends whose outcome stayed unknown. */
  readonly doubts: number;
}
