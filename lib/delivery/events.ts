import type { BounceResult } from '../bounce/publisher.ts';
import type { DeadLetterReason } from '../contracts/dead-letter.ts';
import type { Classification, SmtpFailure } from '../outcome/outcome.ts';
import type { SetUpTimings, TransactionTimings } from '../smtp/transport.ts';

/** Everything that happens to a mail on its way, in the words of the domain. Telemetry turns it into logs and metrics. */
export type DeliveryEvent = MailIdentity & DeliveryEventBody;

export interface MailIdentity {
  /** Idempotency key; empty while it is not known. */
  readonly key: string;
  /** SQS message id of the copy at hand. */
  readonly messageId: string;
  /** The publisher's own labels, for logs and events only. */
  readonly tags?: Readonly<Record<string, string>>;
}

export type DeliveryEventBody =
  /** SQS handed the message out. */
  | { readonly type: 'received' }
  /** A mail that was never tried before is claimed and will be sent; `waitedMs` since it was put on the queue. */
  | { readonly type: 'first-attempt'; readonly waitedMs: number }
  /** Nothing to do: the mail is settled already. */
  | { readonly type: 'duplicate' }
  | { readonly type: 'key-conflict' }
  /** Another copy is being sent, the next attempt is not due, or no relay can take mail. Nothing was charged. */
  | { readonly type: 'waiting'; readonly why: WaitReason; readonly visibleAt?: number }
  /** An earlier owner stopped without recording an outcome. */
  | { readonly type: 'crash-seen'; readonly crashes: number }
  | { readonly type: 'reopened'; readonly deadLetterId: string }
  /** How long one step took that is no SMTP: choosing a relay and getting a session, the claiming or settling write. */
  | { readonly type: 'step'; readonly step: 'choose' | 'claim' | 'settle'; readonly durationMs: number }
  /** One SMTP transaction ended. */
  | {
      readonly type: 'attempt';
      readonly relay: string;
      readonly reused: boolean;
      readonly accepted: readonly string[];
      readonly failed: readonly FailedAttempt[];
      /** MAIL to the last reply. */
      readonly durationMs: number;
      /** From the wish for a session: its credentials, its place and its set-up, the claim, and the transaction. */
      readonly wholeMs: number;
      /** Of that, until there was a session. */
      readonly chooseMs: number;
      /** Those of the set-up where the session was new. */
      readonly timings: TransactionTimings & Partial<SetUpTimings>;
    }
  /** No session to the relay could be had; `durationMs` from the wish for one. */
  | {
      readonly type: 'relay-fault';
      readonly relay: string;
      readonly durationMs: number;
      readonly failure: SmtpFailure;
      readonly classification: Classification;
    }
  /** No recipient is pending any more and at least one accepted the mail. */
  | { readonly type: 'delivered'; readonly recipients: number; readonly attempts: number; readonly ageMs: number }
  | { readonly type: 'deferred'; readonly recipients: number; readonly attempts: number; readonly visibleAt: number }
  | { readonly type: 'dead-lettered'; readonly reason: DeadLetterReason; readonly recipients: number }
  /** The mail's sender was told of a failure or a delay, or a guard forbade it. */
  | { readonly type: 'bounce'; readonly notice: 'failed' | 'delayed'; readonly result: BounceResult }
  /** An owner that had lost its lease recorded what it knew. */
  | { readonly type: 'late-settle'; readonly accepted: number }
  /** What the relay answered could not be recorded. `acknowledged`: everybody has the mail, so that it ends all the same. */
  | { readonly type: 'settle-failed'; readonly acknowledged: boolean; readonly error: unknown }
  | {
      readonly type: 'service-unavailable';
      readonly service: 'ledger' | 'dead-letter-queue' | 'intake-queue';
      readonly error: unknown;
    }
  /** The message could not be built now: an object did not come from S3, or building failed. The mail waits. */
  | { readonly type: 'content-unavailable'; readonly error: unknown }
  /** SQS did not take the new visibility time-out; the queue's default stays. */
  | { readonly type: 'visibility-refused'; readonly why: string }
  /** An error that nobody planned for. The message stays in the queue. */
  | { readonly type: 'unexpected'; readonly error: unknown };

export type WaitReason =
  | 'in-flight'
  | 'early'
  | 'no-relay'
  | 'no-time'
  | 'ledger-unavailable'
  | 'dead-letter-queue'
  | 'content-unavailable'
  | 'return-path-unknown'
  | 'bounce-unpublished'
  | 'unexpected-error';

export interface FailedAttempt {
  readonly address: string;
  readonly failure: SmtpFailure;
  readonly classification: Classification;
}
