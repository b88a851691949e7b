import type { LedgerItem, RecipientRecord } from '../../lib/ledger/item.ts';
import { replyText } from '../../ops/dlq/words.ts';

/** What the ledger says about a mail: everybody accepted it, somebody never got it, or it is not over. */
export type Fate = 'delivered' | 'failed' | 'open';

export function fateOf(item: LedgerItem): Fate {
  if (item.state !== 'settled' || Object.values(item.deadLetters).some((record) => record.pending)) return 'open';
  return Object.values(item.recipients).some((record) => record.status === 'failed') ? 'failed' : 'delivered';
}

/** What happened between two looks at the ledger, a sentence each, in plain words. */
export function stepsBetween(before: LedgerItem | undefined, after: LedgerItem, now: number): readonly string[] {
  return [
    ...leaseSteps(before, after),
    ...Object.entries(after.recipients).flatMap(([address, record]) =>
      same(before?.recipients[address], record) ? [] : recipientSteps(address, record),
    ),
    ...deferralSteps(before, after, now),
    ...deadLetterSteps(before, after),
  ];
}

function leaseSteps(before: LedgerItem | undefined, after: LedgerItem): readonly string[] {
  const crashes =
    after.crashes > (before?.crashes ?? 0) ? ['A sender stopped in the middle of it; it is tried again'] : [];
  if (after.lease === undefined || after.lease.owner === before?.lease?.owner) return crashes;
  if (after.lease.inFlight.length === 0) return [...crashes, 'Being built'];
  return [...crashes, `Sending through ${after.lease.relay} to ${after.lease.inFlight.join(', ')}`];
}

function recipientSteps(address: string, record: RecipientRecord): readonly string[] {
  const relay = record.relay ?? 'no relay';
  const reply = replyText(record) || 'no reply';
  const at = record.phase === undefined ? '' : ` at ${record.phase}`;
  switch (record.status) {
    case 'accepted':
      return [`Accepted by ${relay} for ${address}: ${reply}`];
    case 'failed':
      return [`Not delivered to ${address}: ${relay} said${at}: ${reply}`];
    case 'pending':
      if ((record.doubts ?? 0) > 0) return [`In doubt for ${address}: ${relay} may have taken it${at}: ${reply}`];
      return record.code === undefined && record.text === undefined
        ? []
        : [`Put off for ${address} by ${relay}${at}: ${reply}`];
  }
}

function deferralSteps(before: LedgerItem | undefined, after: LedgerItem, now: number): readonly string[] {
  const { state, nextAttemptAt } = after;
  if (state !== 'waiting' || nextAttemptAt === undefined || nextAttemptAt === before?.nextAttemptAt) return [];
  const seconds = Math.max(0, Math.round((nextAttemptAt - now) / 1000));
  const attempts = `${after.attempts} ${after.attempts === 1 ? 'attempt' : 'attempts'} charged`;
  return [`Deferred until ${new Date(nextAttemptAt).toISOString()} (in ${seconds} s; ${attempts})`];
}

function deadLetterSteps(before: LedgerItem | undefined, after: LedgerItem): readonly string[] {
  return Object.entries(after.deadLetters)
    .filter(([id, record]) => !record.pending && before?.deadLetters[id]?.pending !== false)
    .map(([id, { reason, message }]) => `In the dead-letter queue: ${reason}${message ? `, ${message}` : ''} (${id})`);
}

function same(before: RecipientRecord | undefined, after: RecipientRecord): boolean {
  return before !== undefined && before.status === after.status && before.at === after.at;
}
