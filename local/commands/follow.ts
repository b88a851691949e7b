import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerItem, LedgerStore } from '../../lib/ledger/item.ts';
import { describeDetail } from '../../ops/dlq/words.ts';
import type { DeadLetterView } from './dead-letters.ts';
import { fateOf, stepsBetween } from './fate.ts';

/** Where a published message can be seen on its way. */
export interface Sources {
  readonly ledger: Pick<LedgerStore, 'read'>;
  /** Looks through the dead-letter queue. */
  readonly deadLetters: () => Promise<readonly DeadLetterView[]>;
}

export interface Followed {
  readonly key: string;
  /** SQS message id of the copy that was published. */
  readonly messageId: string;
  /** Undefined when the message cannot be read: then only the dead-letter queue knows it. */
  readonly payloadHash?: string;
  /** What the ledger held before this copy was published. */
  readonly before?: LedgerItem;
}

export interface FollowOptions {
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly print: (step: string) => void;
}

export type FollowResult = 'delivered' | 'failed' | 'unknown';

/** Says every step of a published message until its fate is known or the time is up. */
export async function follow(mail: Followed, sources: Sources, options: FollowOptions): Promise<FollowResult> {
  const { print, timeoutMs, pollMs } = options;
  const { before } = mail;
  const conflict = before !== undefined && mail.payloadHash !== undefined && before.payloadHash !== mail.payloadHash;
  const settledBefore = before === undefined || conflict ? 'open' : fateOf(before);
  if (before !== undefined && settledBefore !== 'open') {
    print(
      `A duplicate: the mail of this key was settled at ${new Date(before.changedAt).toISOString()}, so this copy is dropped`,
    );
    for (const step of stepsBetween(undefined, before, Date.now())) print(step);
    return settledBefore;
  }

  const deadline = Date.now() + timeoutMs;
  let seen = before;
  while (Date.now() < deadline) {
    const item = conflict ? undefined : await sources.ledger.read(mail.key);
    if (item !== undefined && item.writeId !== seen?.writeId) {
      for (const step of stepsBetween(seen, item, Date.now())) print(step);
      seen = item;
      const fate = fateOf(item);
      if (fate !== 'open') return fate;
    }
    if (item === undefined && (await isDeadLettered(mail, sources, print))) return 'failed';
    await delay(pollMs);
  }
  return 'unknown';
}

/** A message that was never claimed, because it cannot be read or must not be sent, stands in no ledger. */
async function isDeadLettered(mail: Followed, sources: Sources, print: (step: string) => void): Promise<boolean> {
  const entry = (await sources.deadLetters()).find(({ sourceMessageId }) => sourceMessageId === mail.messageId);
  if (entry === undefined) return false;
  print(`In the dead-letter queue: ${entry.reason}`);
  for (const line of describeDetail(entry)) print(`  ${line}`);
  return true;
}
