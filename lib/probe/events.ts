import type { RelayHealthItem } from '../health/item.ts';
import type { ProbeResult } from './report.ts';

/** What the probe function finds out and does, for metrics and logs. */
export type ProbeEvent =
  | {
      readonly type: 'probed';
      readonly relay: string;
      readonly result: ProbeResult;
      readonly before: RelayHealthItem | undefined;
      readonly after: RelayHealthItem;
      /** Milliseconds since the epoch. */
      readonly at: number;
    }
  /** The probe could not be made, or not be written; the relay keeps the report it has. */
  | { readonly type: 'probe-failed'; readonly relay: string; readonly error: unknown }
  /** `paused`: by this function, or by people. */
  | { readonly type: 'intake-looked-at'; readonly paused: boolean }
  | { readonly type: 'intake-paused'; readonly reason: string }
  | { readonly type: 'intake-resumed'; readonly pausedMs: number }
  /** Whether the intake should be paused, or the call that does it, failed; it is looked at again soon. */
  | { readonly type: 'intake-unknown'; readonly error: unknown };
