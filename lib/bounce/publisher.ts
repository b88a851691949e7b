import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { BounceSettings } from '../contracts/sender-environment.ts';
import type { Mail } from '../intake/mail.ts';
import type { LedgerItem } from '../ledger/item.ts';
import type { MailHead } from '../mime/head.ts';
import type { Clock } from '../platform/clock.ts';
import { composeBounce } from './compose.ts';
import { envelopeGuard, type Guard, headerGuard } from './guards.ts';
import type { Notice } from './recipients.ts';

export interface BounceInput {
  readonly mail: Mail;
  /** As the ledger holds it. */
  readonly item: LedgerItem;
  readonly notice: Notice;
  /** For all of it, the mail's headers and the queue's answer: ms since the epoch. */
  readonly deadline: number;
}

export type BounceResult =
  | { readonly kind: 'published'; readonly key: string }
  | { readonly kind: 'suppressed'; readonly why: Guard | 'nobody-failed' };

/** The mail's headers could not be read for now. */
export interface BouncePostponed {
  readonly kind: 'postponed';
  readonly error: unknown;
}

/** Tells the sender of a mail what became of it. */
export interface BouncePublisher {
  /**
   * Puts the bounce on the intake queue, unless a guard forbids it. Publishing the same failure again gives the same
   * message. Rejects when the queue did not take it before the deadline.
   *
   * No bounce without a look at the mail's headers, which say whether one is allowed: while they cannot be read it is
   * postponed, and when they never can be it is left out (RFC 3834 §2: silence is better than a loop).
   */
  publish(input: BounceInput): Promise<BounceResult | BouncePostponed>;
}

export interface PublisherOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly settings: BounceSettings;
  readonly clock: Clock;
  /** The mail's header section, or why there is none by the deadline; `date` as where the mail is built. */
  readonly readHead: (mail: Mail, options: { readonly date: number; readonly deadline: number }) => Promise<MailHead>;
}

export function createBouncePublisher({ sqs, queueUrl, settings, clock, readHead }: PublisherOptions): BouncePublisher {
  return {
    async publish({ mail, item, notice, deadline }) {
      const forbidden = envelopeGuard(mail, settings.from);
      if (forbidden !== undefined) return { kind: 'suppressed', why: forbidden };
      const read = await readHead(mail, { date: item.firstSeenAt, deadline });
      if (!read.ok) {
        if (read.reason === 'retry') return { kind: 'postponed', error: read.error };
        return { kind: 'suppressed', why: 'headers-unreadable' };
      }
      const why = headerGuard(read.head);
      if (why !== undefined) return { kind: 'suppressed', why };
      const bounce = composeBounce({ mail, item, notice, original: read.head }, settings);
      if (bounce === undefined) return { kind: 'suppressed', why: 'nobody-failed' };
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: bounce.body }), {
        abortSignal: AbortSignal.timeout(Math.max(0, deadline - clock.now())),
      });
      return { kind: 'published', key: bounce.key };
    },
  };
}
