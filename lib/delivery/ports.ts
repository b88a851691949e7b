import type { BouncePublisher } from '../bounce/publisher.ts';
import type { ReturnPathVerdict } from '../bounce/return-path.ts';
import type { DeadLetterAttributes, DeadLetterReason } from '../contracts/dead-letter.ts';
import type { BounceSettings, SenderSettings } from '../contracts/sender-environment.ts';
import type { Mail } from '../intake/mail.ts';
import type { LedgerStore } from '../ledger/item.ts';
import type { BuiltMessage } from '../mime/contracts.ts';
import type { Classification, SmtpFailure } from '../outcome/outcome.ts';
import type { Clock, Random } from '../platform/clock.ts';
import type { RelayConnectionSettings, SmtpTransport } from '../smtp/transport.ts';
import type { DeliveryEvent } from './events.ts';

/** One SQS message as it was received, before anybody looked inside. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often SQS handed it out, this time included. */
  readonly receives: number;
  /** When SQS took it, ms since the epoch. */
  readonly sentAt: number;
  /** Carried by redriven dead-letter entries. */
  readonly idempotencyKey?: string;
  readonly deadLetterId?: string;
}

/** What is to be done with the SQS message in the end. */
export type Disposition =
  | { readonly kind: 'delete' }
  /**
   * Not deleted; visible again at that time (ms since the epoch), or after the queue's default when absent. `error`: what
   * kept the mail from being worked on at all.
   */
  | { readonly kind: 'return'; readonly visibleAt?: number; readonly error?: unknown };

export interface Candidate {
  readonly relay: string;
  readonly maxRecipients: number;
  /** The relay failed before, and this mail is the one that may try it. */
  readonly trial?: boolean;
}

export interface Candidates {
  /** Relays that can take mail now, in the order to try them. */
  readonly relays: readonly Candidate[];
  /** Every relay that the stage config lets send for this sender domain, available or not. */
  readonly eligible: readonly string[];
  /** When the first of the unavailable ones may be tried again, ms since the epoch. */
  readonly reopensAt?: number;
}

/** What a relay showed of itself in one session or transaction. */
export type RelayObservation = 'accepted' | Classification;

/** The mail that asks for a relay, so that it can carry the one trial of a relay that failed before. */
export interface TrialCarrier {
  /** Idempotency key. */
  readonly mail: string;
  /** When a trial that it is given has ended at the latest, ms since the epoch: {@link InvocationBounds.leaseEndsAt}. */
  readonly leaseEndsAt: number;
}

/** What an observation is about, as far as it is known. */
export interface ObservationContext {
  /** Idempotency key. */
  readonly mail?: string;
  /** Version of the credentials that the relay was given. */
  readonly version?: string;
}

/** Which relays there are, in which order to try them, and how to reach them. */
export interface RelayDirectory {
  candidates(
    senderDomain: string | undefined,
    affinity?: { readonly relay: string; readonly stay: boolean },
    carrier?: TrialCarrier,
    /** The only relay that may send the mail; absent: every one that takes its sender domain. */
    only?: string,
  ): Promise<Candidates>;
  /** Whether a candidate that needs no trial may still be given mail: its health may have changed since it was chosen. */
  takesMail(relay: string): Promise<boolean>;
  connection(
    relay: string,
    deadline: number,
  ): Promise<
    | { readonly ok: true; readonly settings: RelayConnectionSettings }
    | { readonly ok: false; readonly failure: SmtpFailure }
  >;
  /**
   * The relay refused the login made with that secret version. True: there are other credentials to try now; false also
   * when nobody knows that within `patienceMs` milliseconds.
   */
  credentialsRefused(relay: string, version: string, patienceMs: number): Promise<boolean>;
  observe(relay: string, observation: RelayObservation, about?: ObservationContext): void;
  /** The attempt of the mail with this idempotency key is over. Whatever trial it did not spend may go to another mail. */
  attemptEnded(mail: string): void;
}

/** A dead-letter entry: the original body and its attributes; absent attributes are left out. */
export interface DeadLetterEntry {
  readonly body: string;
  readonly attributes: Partial<DeadLetterAttributes> & { readonly reason: DeadLetterReason };
}

/** The dead-letter queue. Rejects when the entry was not written. */
export interface DeadLetterQueue {
  send(entry: DeadLetterEntry): Promise<void>;
}

/** Bounces of a stage that sends them. */
export interface BouncePort extends BouncePublisher {
  readonly settings: BounceSettings;
  /** Whether the domain takes mail. Never rejects. */
  checkReturnPath(domain: string): Promise<ReturnPathVerdict>;
}

export interface DeliveryPorts {
  /** Absent: the stage sends no bounces. */
  readonly bounces?: BouncePort;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  /** Resolves after that many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
  readonly ledger: LedgerStore;
  readonly relays: RelayDirectory;
  readonly transport: SmtpTransport;
  readonly deadLetters: DeadLetterQueue;
  /** Builds the RFC 5322 message; `date` is the Date header, so that a repeat has the same bytes. */
  readonly build: (mail: Mail, options: { readonly date: number; readonly deadline: number }) => Promise<BuiltMessage>;
  /** Runs `work` when that many bytes of mail fit into this environment's memory. */
  readonly holding: <T>(bytes: number, work: () => Promise<T>) => Promise<T>;
  readonly report: (event: DeliveryEvent) => void;
  readonly maxMessageBytes: number;
  readonly retry: SenderSettings['retry'];
  readonly finalReplyMs: number;
}

/** The bounds of one invocation, ms since the epoch. */
export interface InvocationBounds {
  /** No SMTP work after this: what is left before the function's deadline is for the ledger and the queues. */
  readonly sendDeadline: number;
  /** No ledger or queue work after this. */
  readonly settleDeadline: number;
  /** When a lease taken now ends: after the function's deadline, before the message is visible again. */
  readonly leaseEndsAt: number;
}
