import type { DeadLetterReason } from '../contracts/dead-letter.ts';

/**
 * The ledger's record of one mail, one DynamoDB item per idempotency key. Every change is a pure function from item to
 * item (`transitions.ts`, `waits.ts`, `crashes.ts` and their neighbours), and is written only if nobody else wrote in
 * between (`writeId`).
 *
 *   (absent) ──claim──▶ sending ──settle──▶ waiting ──claim──▶ sending …
 *                          │                                      │
 *                          └──settle, nobody pending──▶ settled ◀─┘
 *   settled ──reopen (redriven entry)──▶ sending
 *
 * Times are milliseconds since the epoch, except `ttl`.
 */
export interface LedgerItem {
  readonly key: string;
  /** Random, new with each write: the token of optimistic locking. */
  readonly writeId: string;
  readonly payloadHash: string;
  /** `sending`: a lease is held. `waiting`: recipients are pending, nobody sends. `settled`: nobody is pending. */
  readonly state: 'sending' | 'waiting' | 'settled';
  readonly lease?: Lease;
  /** By normalised address. A recipient that is absent is pending and was never tried. */
  readonly recipients: Readonly<Record<string, RecipientRecord>>;
  /** Charged attempts: SMTP answers about the mail, and doubts. Never waits. */
  readonly attempts: number;
  /** Leases that ended without an outcome; a redrive starts the count anew. */
  readonly crashes: number;
  /** How many of the `crashes` came while the mail was only being built; they are forgiven once it is built. */
  readonly buildCrashes?: number;
  /** Receives that ended in an answer without a charge, as far as that was written down; a redrive starts the count anew. */
  readonly waits?: number;
  /** When the mail was enqueued; a redrive starts it anew. */
  readonly firstSeenAt: number;
  readonly nextAttemptAt?: number;
  readonly lastRelay?: string;
  /** The next attempt goes to `lastRelay` first: greylisting, a doubt, a crash. Otherwise it goes elsewhere first. */
  readonly stayOnRelay?: boolean;
  /** Entries for the dead-letter queue by deadLetterId: what is `pending` must still be written there. */
  readonly deadLetters: Readonly<Record<string, DeadLetterRecord>>;
  /** When the sender of the mail was told that it is late; a redrive forgets it. */
  readonly delayNoticeAt?: number;
  /** When recipients were first left waiting for another attempt; a redrive forgets it. */
  readonly delayedAt?: number;
  /** The mail's own expiry, from the copy that came first. */
  readonly mailExpiresAt?: number;
  /** The publisher's labels, from the copy that came first. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Both only while the mail is unfinished (`unfinished.ts`): key of the index that the audit reads. */
  readonly openShard?: string;
  readonly dueAt?: number;
  readonly changedAt: number;
  /** Seconds since the epoch: last change + 35 days. DynamoDB deletes days later; readers compare for themselves. */
  readonly ttl: number;
}

export interface Lease {
  /** Random, one per attempt. */
  readonly owner: string;
  readonly endsAt: number;
  /** Empty while the mail is only being built. */
  readonly relay: string;
  /** The recipients of the transaction in flight; the others were not handed to the relay. None: it is only being built. */
  readonly inFlight: readonly string[];
}

export interface RecipientRecord {
  readonly status: 'pending' | 'accepted' | 'failed';
  readonly at: number;
  readonly relay?: string;
  readonly code?: number;
  readonly enhancedCode?: string;
  /** Reply or error text; for accepted recipients it carries the relay's queue id. */
  readonly text?: string;
  readonly phase?: string;
  /** Sends whose outcome stayed unknown. */
  readonly doubts?: number;
  /** Sends that were in flight when their owner stopped. */
  readonly crashes?: number;
  /** When the failure that the fields above tell of was seen; `at` may be later: the mail was given up then. */
  readonly triedAt?: number;
  /** Set when failed: the dead-letter entry that names this recipient. */
  readonly deadLetterId?: string;
}

export interface DeadLetterRecord {
  readonly reason: DeadLetterReason;
  readonly pending: boolean;
  readonly failedAt: number;
  /** A sentence for people, for reasons that no SMTP reply explains. */
  readonly message?: string;
  /** Only while `pending`: the mail's sender was told, and must not be told again. */
  readonly senderTold?: boolean;
  /** Only when not `pending`: since when the entry stands in the dead-letter queue without a bounce. */
  readonly bounceOwedSince?: number;
  /** Only when not `pending`: a person closed the mail first, and the entry is in no queue. */
  readonly neverWritten?: boolean;
}

/** DynamoDB, or anything that offers the same conditional write. Errors of the service are thrown. */
export interface LedgerStore {
  /** Strongly consistent. */
  read(key: string): Promise<LedgerItem | undefined>;
  /**
   * Writes `next` if the stored item still is `expected` (compared by `writeId`; undefined: no item). A retried request
   * whose first try had succeeded counts as written. Rejects at the latest at `deadline` (ms since the epoch): a service
   * that hangs must leave its caller time to do without it.
   */
  write(next: LedgerItem, expected: LedgerItem | undefined, deadline?: number): Promise<LedgerWrite>;
}

export type LedgerWrite =
  | { readonly written: true }
  | { readonly written: false; readonly current: LedgerItem | undefined };
