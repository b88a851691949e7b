import type { DeadLetterReason } from '../contracts/dead-letter.ts';
import type { SmtpFailure, SmtpReply } from '../outcome/outcome.ts';
import type { LedgerItem } from './item.ts';

/** What the ledger needs to know of a mail that was received. */
export interface MailFacts {
  readonly key: string;
  readonly payloadHash: string;
  readonly recipients: readonly string[];
  readonly onUncertain: 'resend' | 'hold';
  /** The mail's own expiry, ms since the epoch. */
  readonly expiresAt?: number;
  /** When SQS took the message that carries the mail, ms since the epoch. */
  readonly enqueuedAt: number;
  /** The publisher's labels, for outcome events; absent when there are none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Present when the message is a redriven dead-letter entry. */
  readonly deadLetterId?: string;
}

/** What one attempt found out about one recipient. */
export type RecipientOutcome =
  | { readonly status: 'accepted'; readonly relay: string; readonly reply: SmtpReply }
  | {
      readonly status: 'failed';
      readonly reason: DeadLetterReason;
      readonly relay?: string;
      readonly failure?: SmtpFailure;
      readonly doubts?: number;
    }
  | {
      readonly status: 'pending';
      readonly relay?: string;
      readonly failure?: SmtpFailure;
      /** Sends to this recipient whose outcome is unknown, this one included: a total, so that it can be written twice. */
      readonly doubts?: number;
    };

export type RecipientOutcomes = ReadonlyMap<string, RecipientOutcome>;

/** Time and identity for one write. */
export interface WriteContext {
  readonly now: number;
  /** Random identifiers: write ids, lease owners, dead-letter ids. */
  readonly newId: () => string;
}

/** Recipients that nobody accepted and that are not given up, in the mail's order. */
export function pendingRecipients(item: LedgerItem, recipients: readonly string[]): readonly string[] {
  return recipients.filter((address) => (item.recipients[address]?.status ?? 'pending') === 'pending');
}

/** Sends to that recipient whose outcome stayed unknown. */
export function doubtsOf(item: LedgerItem, address: string): number {
  return item.recipients[address]?.doubts ?? 0;
}

/** Dead-letter ids whose entries must still be written to the dead-letter queue. */
export function pendingDeadLetters(item: LedgerItem): readonly string[] {
  return Object.entries(item.deadLetters)
    .filter(([, record]) => record.pending)
    .map(([id]) => id);
}

/**
 * Failures that the mail's sender was not told of: dead-letter ids, those together that failed together and so belong into
 * one bounce.
 */
export function untoldFailures({ deadLetters }: LedgerItem): readonly (readonly string[])[] {
  const untold = Object.entries(deadLetters).filter(
    ([, { pending, senderTold, bounceOwedSince }]) => bounceOwedSince !== undefined || (pending && senderTold !== true),
  );
  const together = Map.groupBy(untold, ([, { bounceOwedSince }]) => bounceOwedSince);
  return [...together.values()].map((entries) => entries.map(([id]) => id));
}

/** Since when bounces are owed about entries that stand in the dead-letter queue, ms since the epoch; undefined: none is. */
export function bounceOwedSince({ deadLetters }: LedgerItem): number | undefined {
  const since = Object.values(deadLetters).flatMap((record) => record.bounceOwedSince ?? []);
  return since.length === 0 ? undefined : Math.min(...since);
}
