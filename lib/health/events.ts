import type { OpenReason } from './item.ts';

/** What becomes known about relays. Changes of a breaker are told by the environment that wrote them, and by no other. */
export type RelayHealthEvent =
  | {
      readonly type: 'breaker-opened';
      readonly relay: string;
      readonly reason: OpenReason;
      /** The classification rule of the observation that decided. */
      readonly rule: string;
      /** Milliseconds since the epoch. */
      readonly reopensAt: number;
    }
  | { readonly type: 'trial-started'; readonly relay: string }
  /** The trial told nothing: its mail was not sent, or the relay asked to come back later. */
  | { readonly type: 'trial-returned'; readonly relay: string }
  | { readonly type: 'breaker-closed'; readonly relay: string }
  /** The relay asked for less; `sessions` is what this environment uses of it from now on. */
  | { readonly type: 'throttled'; readonly relay: string; readonly sessions: number }
  /** The health table could not be read or written: what was known stays in force. Without `relay`: all of them. */
  | { readonly type: 'health-unavailable'; readonly relay?: string; readonly error: unknown };
