import type { SenderSettings } from '../contracts/sender-environment.ts';
import { type MailFacts, pendingRecipients } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import type { Random } from '../platform/clock.ts';
import { backoffMs, exhausted, stretch, waitForRelayMs } from '../retry/schedule.ts';

export interface PlanInput {
  /** The item as it stood before the attempt. */
  readonly item: LedgerItem;
  readonly charged: boolean;
  /** True when the invocation, not a relay, had no time left, or no relay a free session: nothing to wait for. */
  readonly outOfTime: boolean;
  /** How often SQS handed out the message, this time included. */
  readonly receives: number;
  readonly reopensAt?: number;
  readonly now: number;
  readonly random: Random;
}

/** Receives in which a mail that found no time is visible again at once. */
const hurriedReceives = 5;

/**
 * When what is still pending is tried again. A charged attempt backs off; a wait for a relay does not advance the
 * backoff. Who found no time tries again at once, but not for ever: each round costs one of the receives that SQS allows,
 * and so it soon waits for as long as its age asks. Never later than the moment the mail's age limit or its own expiry is reached: then it is given up.
 */
export function nextAttempt(input: PlanInput, retry: SenderSettings['retry']): number {
  const { item, now, random } = input;
  if (input.outOfTime && input.receives <= hurriedReceives) return now;
  const ageMs = Math.max(0, now - item.firstSeenAt);
  const reopensAt = input.outOfTime ? now : input.reopensAt;
  const reopensInMs = reopensAt === undefined ? {} : { reopensInMs: Math.max(0, reopensAt - now) };
  const delayMs = input.charged
    ? stretch(backoffMs(item.attempts + 1, retry, random), ageMs)
    : waitForRelayMs({ ageMs, ...reopensInMs }, retry, random);
  const lastMoment = Math.min(
    item.firstSeenAt + retry.maxAgeSeconds * 1000,
    item.mailExpiresAt ?? Number.POSITIVE_INFINITY,
  );
  return Math.ceil(lastMoment > now ? Math.min(now + delayMs, lastMoment) : now + delayMs);
}

/** Why the pending recipients must be given up now, or undefined. `item` is as the attempt left it. */
export function givenUp(
  item: LedgerItem,
  facts: MailFacts,
  receives: number,
  now: number,
  retry: SenderSettings['retry'],
): { readonly reason: 'expired' | 'retry-exhausted'; readonly message: string } | undefined {
  if (pendingRecipients(item, facts.recipients).length === 0) return undefined;
  if (isExpired(item, now)) return { reason: 'expired', message: 'the mail expired before it could be delivered' };
  const limit = exhausted({ attempts: item.attempts, firstSeenAt: item.firstSeenAt, receives, now }, retry);
  return limit === undefined ? undefined : { reason: 'retry-exhausted', message: limit.message };
}

/** True when the mail's own expiry has passed. */
export function isExpired(item: LedgerItem, now: number): boolean {
  return item.mailExpiresAt !== undefined && item.mailExpiresAt <= now;
}
