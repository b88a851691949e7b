import { createHash } from 'node:crypto';
import type { OutcomeEvent, OutcomeRecipient } from '../contracts/outcome-events.ts';
import type { LedgerItem, RecipientRecord } from '../ledger/item.ts';

type Known = readonly [address: string, record: RecipientRecord];

/**
 * What the change of a ledger item from `old` to `next` means to the mail's publisher. Pure: the same change gives the
 * same events with the same ids, so that a repeat is recognisable. A deleted item (`next` undefined) means nothing: the
 * ledger forgets after 35 days.
 */
export function eventsOf(old: LedgerItem | undefined, next: LedgerItem | undefined, stage: string): OutcomeEvent[] {
  if (next === undefined) return [];
  const changed = Object.entries(next.recipients).filter(([address, record]) => {
    const before = old?.recipients[address];
    return before?.status !== record.status || before.deadLetterId !== record.deadLetterId;
  });
  const accepted = changed.filter(([, { status }]) => status === 'accepted');
  const failed = changed.filter(([, { status }]) => status === 'failed');
  const entries = Map.groupBy(failed, ([, { deadLetterId = '' }]) => deadLetterId);
  return [
    ...(accepted.length === 0 ? [] : [delivered(next, accepted, stage)]),
    ...[...entries].map(([deadLetterId, recipients]) => givenUp(next, deadLetterId, recipients, stage)),
    ...delayed(old, next, stage),
  ];
}

function delivered(item: LedgerItem, recipients: readonly Known[], stage: string): OutcomeEvent {
  const type = 'Email Delivered';
  return { type, detail: common(item, recipients, stage, [type]) };
}

/** Recipients whose record names no entry, which the ledger's code never writes, are told of all the same. */
function givenUp(item: LedgerItem, deadLetterId: string, recipients: readonly Known[], stage: string): OutcomeEvent {
  const { reason = 'unknown', message } = item.deadLetters[deadLetterId] ?? {};
  const type = reason === 'uncertain' ? 'Email Uncertain' : 'Email Failed';
  const why = { reason, deadLetterId, ...(message === undefined ? {} : { message }) };
  return { type, detail: { ...common(item, recipients, stage, [type, deadLetterId]), ...why } };
}

function delayed(old: LedgerItem | undefined, item: LedgerItem, stage: string): OutcomeEvent[] {
  const { state, delayedAt, nextAttemptAt } = item;
  const news = state === 'waiting' && delayedAt !== undefined && delayedAt !== old?.delayedAt;
  const recipients = Object.entries(item.recipients).filter(([, { status }]) => status === 'pending');
  // Recipients that no relay was asked about have no record: then there is nothing to tell yet.
  if (!news || nextAttemptAt === undefined || recipients.length === 0) return [];
  const type = 'Email Delayed';
  const detail = { ...common(item, recipients, stage, [type, delayedAt]), nextAttemptAt: iso(nextAttemptAt) };
  return [{ type, detail }];
}

function common(
  { key, tags = {}, changedAt, firstSeenAt, attempts }: LedgerItem,
  recipients: readonly Known[],
  stage: string,
  change: readonly (string | number)[],
) {
  const who = recipients.map(([address, { at }]) => [address, at]).toSorted();
  return {
    version: 1 as const,
    eventId: createHash('sha256')
      .update(JSON.stringify([stage, key, change, who]))
      .digest('hex')
      .slice(0, 32),
    stage,
    idempotencyKey: key,
    tags,
    at: iso(changedAt),
    firstSeenAt: iso(firstSeenAt),
    attempts,
    recipients: recipients.map(told),
  };
}

function told([address, record]: Known): OutcomeRecipient {
  const { at, triedAt = at, relay, code, enhancedCode, text, phase } = record;
  return {
    address,
    at: iso(triedAt),
    ...(relay === undefined ? {} : { relay }),
    ...(code === undefined ? {} : { code }),
    ...(enhancedCode === undefined ? {} : { enhancedCode }),
    ...(text === undefined ? {} : { reply: text }),
    ...(phase === undefined ? {} : { phase }),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
