import { dueAt } from './breaker.ts';
import type { Breaker, RelayHealthItem } from './item.ts';

/** Whether a relay may be given mail now. */
export type Standing =
  /** `factor` multiplies its weight: below 1 when it is slow or throttles. */
  | { readonly kind: 'available'; readonly factor: number }
  /** It failed before, and one mail may try now: who gets the lease. `early`: because its secret has changed. */
  | { readonly kind: 'due'; readonly early: boolean }
  /** `reopensAt`: worth asking again then, ms since the epoch; absent: nobody knows. */
  | { readonly kind: 'out'; readonly why: OutReason; readonly reopensAt?: number };

export type OutReason = 'disabled' | 'draining' | 'offline' | 'open' | 'on-trial' | 'throttled';

/** A trial, or a throttled relay, is worth asking about again after so long. */
export const soonMs = 10_000;
/** Secrets are read again about every minute; mail that waits for a new one looks as often. */
const secretMs = 60_000;
/** Whoever took a relay out may give it back at any moment. While none is left, the pause of the intake saves receives. */
const peopleMs = 60_000;

/** What people and probes decided comes first; then the breaker, as this environment sees it. */
export function standingOf(
  { probe, override }: Pick<RelayHealthItem, 'probe' | 'override'>,
  breaker: Breaker,
  now: number,
  /** Trials are this late here, in milliseconds, so that not every environment asks for the lease at the same moment. */
  trialDelayMs: number,
): Standing {
  const overridden = override !== undefined && now < (override.expiresAt ?? Number.POSITIVE_INFINITY);
  if (overridden && override.mode !== 'enabled') {
    const { mode, expiresAt = Number.POSITIVE_INFINITY } = override;
    return { kind: 'out', why: mode, reopensAt: Math.min(expiresAt, now + peopleMs) };
  }
  const measured = probe !== undefined && now < probe.validUntil ? probe : undefined;
  if (measured?.status === 'offline' || measured?.factor === 0) return { kind: 'out', why: 'offline' };
  const due = dueAt(breaker);
  if (due === undefined) return { kind: 'available', factor: measured?.factor ?? 1 };
  if (now >= due + trialDelayMs) return { kind: 'due', early: false };
  if (breaker.state === 'half-open') return { kind: 'out', why: 'on-trial', reopensAt: now + soonMs };
  if (breaker.state === 'open' && breaker.reason === 'credentials') {
    return { kind: 'out', why: 'open', reopensAt: Math.min(due, now + secretMs) };
  }
  return { kind: 'out', why: 'open', reopensAt: due };
}
