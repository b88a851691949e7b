import type { MailFacts, WriteContext } from './facts.ts';
import type { LedgerItem } from './item.ts';
import { stamped } from './stamp.ts';

/** So many receives ended in an answer: they were waits, and nothing else is new. */
export function answered(item: LedgerItem, waits: number, context: WriteContext): LedgerItem {
  return stamped({ ...item, waits }, context);
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

/** The mail's sender was told that it is late, or must not be told: it is not looked at again. The next attempt is due. */
export function delayNoticed(
  item: LedgerItem,
  facts: Pick<MailFacts, 'recipients'>,
  context: WriteContext,
): LedgerItem {
  const { nextAttemptAt = context.now } = item;
  return stamped({ ...delayed(item, facts, context), nextAttemptAt, delayNoticeAt: context.now }, context);
}
