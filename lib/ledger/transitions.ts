import type { DeadLetterReason } from '../contracts/dead-letter.ts';
import { doubtsOf, type MailFacts, pendingRecipients, type RecipientOutcomes, type WriteContext } from './facts.ts';
import type { Lease, LedgerItem, RecipientRecord } from './item.ts';
import { recordOutcomes } from './record.ts';
import { indexed } from './unfinished.ts';

/** Sends that die without an outcome before the mail is given up as poison. */
export const crashLimit = 5;

const retentionSeconds = 35 * 24 * 3600;

/** The same item as a new write: fresh `writeId`, last change now, kept for another 35 days. */
function stamped(item: LedgerItem, { now, newId }: WriteContext): LedgerItem {
  return indexed({ ...item, writeId: newId(), changedAt: now, ttl: Math.ceil(now / 1000) + retentionSeconds });
}

function withoutLease({ lease: _, ...item }: LedgerItem): LedgerItem {
  return item;
}

/** The record of a mail that the ledger does not know: nobody tried yet. Not written by itself. */
export function newItem(facts: MailFacts, context: WriteContext): LedgerItem {
  return {
    key: facts.key,
    writeId: '',
    payloadHash: facts.payloadHash,
    state: 'waiting',
    recipients: {},
    attempts: 0,
    crashes: 0,
    firstSeenAt: facts.enqueuedAt,
    deadLetters: {},
    ...(facts.expiresAt === undefined ? {} : { mailExpiresAt: facts.expiresAt }),
    ...(facts.tags === undefined ? {} : { tags: facts.tags }),
    changedAt: context.now,
    ttl: 0,
  };
}

/** Takes the lease: from now until it ends, nobody else sends this mail. */
export function claim(item: LedgerItem, lease: Lease, context: WriteContext): LedgerItem {
  const { nextAttemptAt: _, ...rest } = forgiven(item);
  return stamped({ ...rest, state: 'sending', lease, lastRelay: lease.relay }, context);
}

/** It has been built, and so whatever ended its builders before was not the mail, or is gone. */
function forgiven({ buildCrashes = 0, ...item }: LedgerItem): LedgerItem {
  return { ...item, crashes: item.crashes - buildCrashes };
}

/** Takes the lease of a mail that is only being built: nobody's send is in flight, and no relay is chosen. */
export function claimToBuild(
  item: LedgerItem,
  lease: Pick<Lease, 'owner' | 'endsAt'>,
  context: WriteContext,
): LedgerItem {
  const { nextAttemptAt: _, ...rest } = item;
  return stamped({ ...rest, state: 'sending', lease: { ...lease, relay: '', inFlight: [] } }, context);
}

/** Gives back the lease of {@link claimToBuild}: `item`, as it stood before, and so many receives known for harmless. */
export function built(item: LedgerItem, waits: number, context: WriteContext): LedgerItem {
  return answered(forgiven(item), waits, context);
}

/** So many receives ended in an answer: they were waits, and nothing else is new. */
export function answered(item: LedgerItem, waits: number, context: WriteContext): LedgerItem {
  return stamped({ ...item, waits }, context);
}

/** Between two transactions of one attempt: what is known so far, and which recipients go to which relay next. */
export function advance(
  item: LedgerItem,
  outcomes: RecipientOutcomes,
  next: Pick<Lease, 'relay' | 'inFlight'>,
  context: WriteContext,
): LedgerItem {
  const recorded = recordOutcomes(item, outcomes, context);
  if (recorded.lease === undefined) return stamped(recorded, context);
  return stamped({ ...recorded, lease: { ...recorded.lease, ...next }, lastRelay: next.relay }, context);
}

export interface Settlement {
  readonly outcomes: RecipientOutcomes;
  /** True when a relay answered about the mail, or its answer is in doubt. */
  readonly charged: boolean;
  /** When the recipients that stay pending are tried again. */
  readonly nextAttemptAt: number;
  /** The relay that asked to be tried again, or whose answer is in doubt: it goes first. */
  readonly stayOn?: string;
}

/** Ends an attempt: outcomes recorded, lease gone. */
export function settle(item: LedgerItem, facts: MailFacts, settlement: Settlement, context: WriteContext): LedgerItem {
  const recorded = withoutLease(recordOutcomes(item, settlement.outcomes, context));
  const { stayOnRelay: _, nextAttemptAt: __, ...rest } = recorded;
  const attempts = rest.attempts + (settlement.charged ? 1 : 0);
  if (pendingRecipients(recorded, facts.recipients).length === 0) {
    return stamped({ ...rest, attempts, state: 'settled' }, context);
  }
  const { stayOn } = settlement;
  const affinity = stayOn === undefined ? {} : { stayOnRelay: true, lastRelay: stayOn };
  return stamped(
    {
      ...rest,
      ...affinity,
      attempts,
      state: 'waiting',
      nextAttemptAt: settlement.nextAttemptAt,
      delayedAt: rest.delayedAt ?? context.now,
    },
    context,
  );
}

/** The mail waits on, without an attempt: so that whoever looks for forgotten mail sees that it was looked at. */
export function waitsOn(
  item: LedgerItem,
  facts: Pick<MailFacts, 'recipients'>,
  nextAttemptAt: number,
  context: WriteContext,
): LedgerItem {
  return stamped({ ...delayed(item, facts, context), nextAttemptAt }, context);
}

/** The mail is late, and whom for: outcome events tell of recipients that the ledger names. */
function delayed(item: LedgerItem, { recipients }: Pick<MailFacts, 'recipients'>, { now }: WriteContext): LedgerItem {
  const untried = recipients.filter((address) => !Object.hasOwn(item.recipients, address));
  const pending = untried.map((address) => [address, { status: 'pending', at: now }] as const);
  return {
    ...item,
    recipients: { ...item.recipients, ...Object.fromEntries(pending) },
    delayedAt: item.delayedAt ?? now,
  };
}

/** Gives up every pending recipient for a reason that no relay gave: expired, exhausted, no attachment, poison. */
export function failPending(
  item: LedgerItem,
  facts: MailFacts,
  failure: { readonly reason: DeadLetterReason; readonly message: string },
  context: WriteContext,
): LedgerItem {
  const outcomes: RecipientOutcomes = new Map(
    pendingRecipients(item, facts.recipients).map((address) => [address, { status: 'failed', reason: failure.reason }]),
  );
  const { nextAttemptAt: _, ...recorded } = withoutLease(recordOutcomes(item, outcomes, context, failure.message));
  return stamped({ ...recorded, state: 'settled' }, context);
}

/** The lease ended and its owner never said what happened: the relay may have taken the mail. */
export function crashed(item: LedgerItem, facts: MailFacts, context: WriteContext): LedgerItem {
  const { lease } = item;
  if (lease === undefined) return item;
  const hold = facts.onUncertain === 'hold';
  const doubtful = pendingRecipients(item, facts.recipients).filter((address) => lease.inFlight.includes(address));
  const outcomes: RecipientOutcomes = new Map(
    doubtful.map((address) => [
      address,
      hold
        ? { status: 'failed', reason: 'uncertain', relay: lease.relay, doubts: doubtsOf(item, address) + 1 }
        : { status: 'pending', relay: lease.relay },
    ]),
  );
  const message = 'the sender stopped before it could record what the relay answered';
  const recorded = withoutLease(cutShort(recordOutcomes(item, outcomes, context, message), doubtful));
  const { crashes, buildCrashes = 0 } = item;
  const sending = lease.inFlight.length > 0;
  const trace = sending ? { lastRelay: lease.relay, stayOnRelay: true } : { buildCrashes: buildCrashes + 1 };
  const counted = { ...recorded, crashes: crashes + 1, ...trace };
  if (pendingRecipients(counted, facts.recipients).length === 0) {
    return stamped({ ...counted, state: 'settled' }, context);
  }
  if (counted.crashes < crashLimit) {
    return stamped({ ...counted, state: 'waiting', nextAttemptAt: context.now }, context);
  }
  const poison = {
    reason: 'poison',
    message: `the sender stopped ${counted.crashes} times while it worked on the mail`,
  } as const;
  return failPending(counted, facts, poison, context);
}

/** Notes whose send was in flight: each of them may have the mail. */
function cutShort(item: LedgerItem, addresses: readonly string[]): LedgerItem {
  const recipients = Object.entries(item.recipients).map(([address, record]) => [
    address,
    addresses.includes(address) ? { ...record, crashes: (record.crashes ?? 0) + 1 } : record,
  ]);
  return { ...item, recipients: Object.fromEntries(recipients) };
}

/** A redriven entry came back: exactly its recipients become pending again, with fresh attempts and age. */
export function reopened(item: LedgerItem, deadLetterId: string, facts: MailFacts, context: WriteContext): LedgerItem {
  const { [deadLetterId]: _, ...deadLetters } = item.deadLetters;
  const recipients = Object.fromEntries(
    Object.entries(item.recipients).flatMap(([address, record]) => {
      const inEntry = record.status === 'failed' && record.deadLetterId === deadLetterId;
      return inEntry ? history(address, record, context.now) : [[address, record]];
    }),
  );
  const {
    mailExpiresAt: __,
    stayOnRelay: ___,
    delayNoticeAt: ____,
    nextAttemptAt: _____,
    delayedAt: ______,
    waits: _______,
    buildCrashes: ________,
    ...rest
  } = item;
  const fresh: LedgerItem = {
    ...rest,
    ...(facts.expiresAt === undefined ? {} : { mailExpiresAt: facts.expiresAt }),
    recipients,
    deadLetters,
    attempts: 0,
    crashes: 0,
    firstSeenAt: context.now,
  };
  // Nobody is left in the entry when its recipients turned out to have the mail after all.
  const empty = pendingRecipients(fresh, facts.recipients).length === 0;
  return stamped(
    empty ? { ...fresh, state: 'settled' } : { ...fresh, state: 'waiting', nextAttemptAt: context.now },
    context,
  );
}

/** What a redrive must not forget: sends after which the recipient may have the mail. */
function history(address: string, { doubts, crashes }: RecipientRecord, at: number): [string, RecipientRecord][] {
  if (doubts === undefined && crashes === undefined) return [];
  const kept = { ...(doubts === undefined ? {} : { doubts }), ...(crashes === undefined ? {} : { crashes }) };
  return [[address, { status: 'pending', at, ...kept }]];
}

/** The mail's sender was told that it is late, or must not be told: it is not looked at again. The next attempt is due. */
export function delayNoticed(
  item: LedgerItem,
  facts: Pick<MailFacts, 'recipients'>,
  context: WriteContext,
): LedgerItem {
  const { nextAttemptAt = context.now } = item;
  return stamped({ ...delayed(item, facts, context), nextAttemptAt, delayNoticeAt: context.now }, context);
}

/**
 * The entries were written to the dead-letter queue, and the mail's sender was told of the failures in `told` (or must not
 * be). An entry that was written although nobody could be told leaves the bounce owed: the mail is not finished.
 */
export function deadLettersWritten(
  item: LedgerItem,
  written: readonly string[],
  context: WriteContext,
  told: readonly string[] = written,
): LedgerItem {
  const deadLetters = Object.entries(item.deadLetters).map(([id, record]) => {
    const { senderTold = false, bounceOwedSince = context.now, ...rest } = record;
    const pending = record.pending && !written.includes(id);
    const untold = record.pending ? !senderTold : record.bounceOwedSince !== undefined;
    if (untold && !told.includes(id)) return [id, pending ? record : { ...rest, pending, bounceOwedSince }];
    return [id, { ...rest, pending, ...(pending ? { senderTold: true } : {}) }];
  });
  return stamped({ ...item, deadLetters: Object.fromEntries(deadLetters) }, context);
}

/**
 * An owner that lost its lease learnt late that recipients were accepted. Accepted is final: whoever holds the item now
 * must not send to them again, and an entry for the dead-letter queue that names nobody any more is not owed.
 */
export function lateAccepted(
  item: LedgerItem,
  facts: MailFacts,
  outcomes: RecipientOutcomes,
  context: WriteContext,
): LedgerItem {
  const accepted: RecipientOutcomes = new Map([...outcomes].filter(([, outcome]) => outcome.status === 'accepted'));
  const recorded = recordOutcomes(item, accepted, context);
  const named = new Set(Object.values(recorded.recipients).map(({ deadLetterId }) => deadLetterId));
  const deadLetters = Object.fromEntries(
    Object.entries(recorded.deadLetters).filter(([id, { pending }]) => !pending || named.has(id)),
  );
  const merged = { ...recorded, deadLetters };
  if (merged.state !== 'waiting' || pendingRecipients(merged, facts.recipients).length > 0) {
    return stamped(merged, context);
  }
  const { nextAttemptAt: _, ...done } = merged;
  return stamped({ ...done, state: 'settled' }, context);
}
