import type { SQSClient } from '@aws-sdk/client-sqs';
import { queueDepth as depthOf } from '../../ops/dlq/queue-depth.ts';
import type { SenderCounts } from './function-log.ts';

/** Messages in the intake queue. */
export interface QueueDepth {
  /** Ready to be received. */
  readonly queued: number;
  /** Received and not deleted: being sent, or waiting for the next attempt. */
  readonly inFlight: number;
}

export async function queueDepth(sqs: SQSClient, queueUrl: string): Promise<QueueDepth> {
  const { visible, hidden } = await depthOf(sqs, queueUrl);
  return { queued: visible, inFlight: hidden };
}

export function progressLine({ queued, inFlight }: QueueDepth, counts: SenderCounts): string {
  const { receives, delivered, deferrals, deadLetters, duplicates } = counts;
  return [
    `${receives} received`,
    `${delivered} delivered`,
    `${deferrals} deferred`,
    `${deadLetters} dead-lettered`,
    `${duplicates} duplicates`,
    `queue: ${queued} ready, ${inFlight} waiting`,
  ].join(' · ');
}

/** Writes progress: one line that changes on a terminal, a new line per change elsewhere. */
export function progressWriter(stream: NodeJS.WriteStream): { show(line: string): void; end(): void } {
  let last = '';
  return {
    show: (line) => {
      if (line === last) return;
      last = line;
      stream.write(stream.isTTY ? `\r\u001b[2K${line.slice(0, stream.columns - 1)}` : `${line}\n`);
    },
    end: () => {
      if (stream.isTTY && last !== '') stream.write('\n');
    },
  };
}
