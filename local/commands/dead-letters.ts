import type { SQSClient } from '@aws-sdk/client-sqs';
import { systemClock } from '../../lib/platform/clock.ts';
import { type Entry, readEntry } from '../../ops/dlq/entry.ts';
import { holdQueue } from '../../ops/dlq/hold.ts';

/** What is shown of a dead-letter entry. */
export type DeadLetterView = Pick<Entry, 'reason' | 'detail' | 'key' | 'sourceMessageId'>;

/** Entries that are looked through at most, or a few more: who waits for one mail must not wait for a long queue. */
const mostEntries = 500;
/** Seconds that entries stay hidden when the look is killed; else they are shown again at its end. */
const holdSeconds = 10;

/** Looks through the dead-letter queue and leaves every entry there; receive counts are all that changes. */
export async function peekDeadLetters(sqs: SQSClient, queueUrl: string): Promise<readonly Entry[]> {
  const queue = holdQueue({ sqs, queueUrl, clock: systemClock, holdSeconds, waitSeconds: 0 });
  const found: Entry[] = [];
  try {
    for await (const page of queue.pages(AbortSignal.timeout(holdSeconds * 1000))) {
      found.push(...page.map(readEntry));
      if (found.length >= mostEntries) break;
    }
  } finally {
    await queue.release();
  }
  return found;
}
