import type { SenderSettings } from '../contracts/sender-environment.ts';
import type { Random } from '../platform/clock.ts';

export type RetrySettings = SenderSettings['retry'];

/** SQS: a message is invisible for at most 12 hours from its receive (ChangeMessageVisibility, API reference). */
const longestMs = 12 * 3_600_000;
/** Below `maxReceiveCount` (1000), where SQS would move the mail by itself and without a reason. */
const maxReceives = 900;
const minute = 60_000;
const hour = 60 * minute;

/**
 * How long a mail waits after a charged attempt, in milliseconds: `base · factor^(attempts - 1)`, at most
 * `maxSeconds`, then plus or minus the jitter; never over 12 h. The caller {@link stretch}es it by the mail's age.
 */
export function backoffMs(attempts: number, settings: RetrySettings, random: Random): number {
  const steps = Math.max(attempts, 1) - 1;
  const seconds = Math.min(settings.baseSeconds * settings.factor ** steps, settings.maxSeconds);
  const swing = 1 + settings.jitter * (2 * random() - 1);
  return within(0, seconds * 1000 * swing, longestMs);
}

/**
 * How long a mail waits when nothing is charged: no relay is available, the ledger is away, another copy is being sent.
 * Milliseconds, already stretched. The jitter only adds, so nobody wakes before a relay reopens, and a thousand mails do
 * not wake in the same second.
 */
export function waitForRelayMs(
  wait: { readonly ageMs: number; readonly reopensInMs?: number },
  settings: RetrySettings,
  random: Random,
): number {
  const asked = within(0, wait.reopensInMs ?? settings.baseSeconds * 1000, longestMs);
  return within(0, stretch(asked, wait.ageMs) * (1 + settings.jitter * random()), longestMs);
}

/**
 * Makes a wait long enough for the mail's age, so that the longest life SQS allows (14 days) takes fewer than 500 of the
 * 1000 receives, whatever the settings: never under a second, an eighth of the age in the first hour, 15 minutes in the
 * first day, then a 96th of the age (75 minutes on the fifth day).
 */
export function stretch(delayMs: number, ageMs: number): number {
  const shortest = ageMs < hour ? Math.max(1000, ageMs / 8) : Math.max(15 * minute, ageMs / 96);
  return within(Math.min(shortest, longestMs), delayMs, longestMs);
}

/**
 * The VisibilityTimeout to ask SQS for, in whole seconds. It counts from the call, so rounding goes up: a mail may be
 * late by a second, never early. What the call asks plus the time since the receive stays within SQS's 12 h.
 */
export function visibilitySeconds(delayMs: number, receivedForMs: number): number {
  const left = Math.floor(within(0, longestMs - Math.max(receivedForMs, 0), longestMs) / 1000);
  return within(0, Math.ceil(delayMs / 1000), left);
}

export interface RetryState {
  /** Charged attempts. */
  readonly attempts: number;
  /** When the mail was enqueued, and now: milliseconds since the epoch. */
  readonly firstSeenAt: number;
  readonly now: number;
  /** SQS's ApproximateReceiveCount of this copy. */
  readonly receives: number;
}

interface Exhausted {
  readonly rule: 'attempts' | 'age' | 'receives';
  /** A sentence for people: the dead letter's detail. */
  readonly message: string;
}

/** Which limit a mail has reached that still waits for some recipient; undefined: it may be tried again. */
export function exhausted(state: RetryState, settings: RetrySettings): Exhausted | undefined {
  const ageSeconds = Math.floor((state.now - state.firstSeenAt) / 1000);
  if (state.attempts >= settings.maxAttempts) {
    return { rule: 'attempts', message: `Given up after ${state.attempts} attempts (limit ${settings.maxAttempts}).` };
  }
  if (ageSeconds >= settings.maxAgeSeconds) {
    return { rule: 'age', message: `Given up after ${ageSeconds} seconds (limit ${settings.maxAgeSeconds}).` };
  }
  if (state.receives >= maxReceives) {
    return {
      rule: 'receives',
      message: `Given up after ${state.receives} receives from the queue (limit ${maxReceives}).`,
    };
  }
  return undefined;
}

/** Also for NaN, which becomes the lower bound: a wait must never be a number that SQS refuses. */
function within(low: number, value: number, high: number): number {
  return value > low ? Math.min(value, high) : low;
}
