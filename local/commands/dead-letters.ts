import {
  ChangeMessageVisibilityBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeadLetterDetail } from '../../lib/contracts/dead-letter.ts';

/** A dead-letter entry as read from its queue. */
export interface DeadLetterView {
  readonly reason: string;
  readonly detail: DeadLetterDetail;
  readonly body: string;
  readonly idempotencyKey?: string;
  readonly deadLetterId?: string;
  readonly sourceMessageId?: string;
}

/** Entries that are looked through at most: a look is for people, and must not hide a long queue from anybody. */
const mostPages = 50;
/** Seconds that entries stay hidden while they are looked through; they are shown again at the end of the look. */
const lookSeconds = 10;

/** Looks through the dead-letter queue and leaves every entry there; receive counts are all that changes. */
export async function peekDeadLetters(sqs: SQSClient, queueUrl: string): Promise<readonly DeadLetterView[]> {
  const pages: Message[][] = [];
  try {
    while (pages.length < mostPages) {
      const { Messages: page = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: lookSeconds,
          WaitTimeSeconds: 0,
          MessageAttributeNames: ['All'],
        }),
      );
      if (page.length === 0) break;
      pages.push(page);
    }
  } finally {
    for (const page of pages) await showAgain(sqs, queueUrl, page);
  }
  return pages.flat().map(toView);
}

async function showAgain(sqs: SQSClient, queueUrl: string, page: readonly Message[]): Promise<void> {
  await sqs.send(
    new ChangeMessageVisibilityBatchCommand({
      QueueUrl: queueUrl,
      Entries: page.map(({ ReceiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle: ReceiptHandle ?? '',
        VisibilityTimeout: 0,
      })),
    }),
  );
}

function toView(message: Message): DeadLetterView {
  const attribute = (name: string) => message.MessageAttributes?.[name]?.StringValue;
  const idempotencyKey = attribute('idempotencyKey');
  const deadLetterId = attribute('deadLetterId');
  const sourceMessageId = attribute('sourceMessageId');
  return {
    // Entries without a reason were moved by SQS itself, after too many receives.
    reason: attribute('reason') ?? 'moved by SQS',
    detail: parseDetail(attribute('detail')),
    body: message.Body ?? '',
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(deadLetterId !== undefined && { deadLetterId }),
    ...(sourceMessageId !== undefined && { sourceMessageId }),
  };
}

function parseDetail(text: string | undefined): DeadLetterDetail {
  if (text === undefined) return {};
  try {
    return JSON.parse(text);
  } catch {
    return { message: text };
  }
}

/** The detail as sentences, one per failed recipient or broken rule. */
export function describeDetail(detail: DeadLetterDetail): readonly string[] {
  return [
    ...(detail.message === undefined ? [] : [detail.message]),
    ...(detail.errors ?? []).map(({ field, rule }) => (field === '' ? rule : `${field}: ${rule}`)),
    ...(detail.recipients ?? []).map(({ address, relay, reply, code, enhancedCode, phase }) =>
      code === undefined && reply === undefined
        ? address
        : `${address}: ${replyText({ code, enhancedCode, text: reply })}${place(relay, phase)}`,
    ),
    ...(detail.truncated === undefined ? [] : [`and ${detail.truncated} more`]),
  ];
}

/** `550 5.1.1 User unknown`, as far as known. */
export function replyText(reply: {
  readonly code?: number | undefined;
  readonly enhancedCode?: string | undefined;
  readonly text?: string | undefined;
}): string {
  const parts = [reply.code, reply.enhancedCode, reply.text].filter((part) => part !== undefined && part !== '');
  return parts.join(' ') || 'no reply';
}

function place(relay: string | undefined, phase: string | undefined): string {
  const at = [relay, phase].filter((part) => part !== undefined).join(', ');
  return at === '' ? '' : ` (${at})`;
}
