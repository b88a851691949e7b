import {
  ChangeMessageVisibilityBatchCommand,
  type ChangeMessageVisibilityBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Clock } from '../platform/clock.ts';
import { visibilitySeconds } from '../retry/schedule.ts';
import type { Disposed } from './batch.ts';
import type { ReceivedMessage } from './ports.ts';

/** SQS takes at most ten entries in one batch call. */
const batchLimit = 10;

/** For all visibility changes of one response. They are worth a short wait, and the response is worth more than they. */
const patienceMs = 4000;
/** Also a response that is late gets a fair try. */
const shortestMs = 500;

/** The answer that makes the event source mapping delete what is not named in it. */
export interface BatchResponse {
  readonly batchItemFailures: { itemIdentifier: string }[];
}

export interface ResponsePorts {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly clock: Clock;
  /** When the batch was received, ms since the epoch. */
  readonly receivedAt: number;
  /** When the response must be given at the latest, ms since the epoch. */
  readonly deadline: number;
  /** A new visibility time-out was not taken: the queue's default stays, and the message comes back later. */
  readonly onRefused: (messageId: string, why: string) => void;
}

/**
 * Tells SQS what became of the batch. Visibility goes first: the mapping does not touch the visibility of what the
 * response names, and a message that is named before its visibility changed could come back in between. Only what is
 * known to be done with is left out of the response.
 */
export async function respond(
  batch: readonly ReceivedMessage[],
  disposed: readonly Disposed[],
  ports: ResponsePorts,
): Promise<BatchResponse> {
  const returned = disposed.filter(({ disposition }) => disposition.kind === 'return');
  const done = new Set(
    disposed.filter((one) => one.disposition.kind === 'delete').map((one) => one.received.messageId),
  );
  const now = ports.clock.now();
  const entries = returned.flatMap(({ received, disposition }, index) =>
    disposition.kind === 'return' && disposition.visibleAt !== undefined
      ? [
          {
            Id: String(index),
            ReceiptHandle: received.receiptHandle,
            VisibilityTimeout: visibilitySeconds(disposition.visibleAt - now, now - ports.receivedAt),
          },
        ]
      : [],
  );
  const nameOf = (id: string | undefined): string => returned[Number(id)]?.received.messageId ?? '';
  const abortSignal = AbortSignal.timeout(Math.max(shortestMs, Math.min(patienceMs, ports.deadline - now)));
  for (let start = 0; start < entries.length; start += batchLimit) {
    await changeVisibility(entries.slice(start, start + batchLimit), nameOf, abortSignal, ports);
  }
  const kept = batch.filter(({ messageId }) => !done.has(messageId));
  return { batchItemFailures: kept.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function changeVisibility(
  entries: ChangeMessageVisibilityBatchRequestEntry[],
  nameOf: (id: string | undefined) => string,
  abortSignal: AbortSignal,
  { client, queueUrl, onRefused }: ResponsePorts,
): Promise<void> {
  try {
    const { Failed = [] } = await client.send(
      new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries: entries }),
      { abortSignal },
    );
    for (const { Id, Code, Message } of Failed) onRefused(nameOf(Id), `${Code ?? 'unknown'}: ${Message ?? ''}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    for (const { Id } of entries) onRefused(nameOf(Id), why);
  }
}
