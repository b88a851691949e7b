import { DeleteMessageCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { type HoldingOptions, Holdings } from './holdings.ts';
import { queueDepth } from './queue-depth.ts';

/**
 * A queue that one command looks through. SQS cannot be browsed: what is received is hidden from everybody for a while,
 * is kept hidden by renewals so that it comes only once, and is shown again at the end. What is deleted is gone for good;
 * a command that is killed leaves everything else in the queue, hidden for as long as the last renewal said.
 */
export interface HeldQueue {
  /** Every message once, a page at a time, until the queue is empty or `signal` aborts. */
  pages(signal: AbortSignal): AsyncGenerator<readonly Message[]>;
  /** Deletes it. Rejects when SQS did not. */
  remove(message: Message): Promise<void>;
  /** Shows again what was not deleted. Returns how many messages stay hidden until their time is up. */
  release(): Promise<number>;
}

/**
 * Answers in a row with nothing new after which the queue is taken for looked through, whatever SQS counts: its count is
 * late, or messages come back faster than they can be held.
 */
const fruitlessLimit = 5;

export function holdQueue(options: HoldingOptions): HeldQueue {
  const { sqs, queueUrl, clock, waitSeconds = 1 } = options;
  const holdings = new Holdings(options);
  const gone = new Set<string>();

  async function remove({ MessageId: id = '', ReceiptHandle }: Message): Promise<void> {
    const receiptHandle = holdings.receiptOf(id) ?? ReceiptHandle;
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }));
    holdings.forget(id);
    gone.add(id);
  }

  async function receive(): Promise<readonly Message[]> {
    const { seconds } = holdings;
    const until = clock.now() + seconds * 1000;
    // Never aborted on its way: messages of an answer that nobody reads would stay hidden.
    const { Messages: received = [] } = await sqs.send(receiveCommand(queueUrl, seconds, waitSeconds));
    for (const message of received) {
      // A standard queue may hand out again what was deleted (SQS developer guide, at-least-once delivery).
      if (gone.has(message.MessageId ?? '')) await remove(message).catch(() => {});
    }
    return received.filter(
      ({ MessageId: id = '', ReceiptHandle: receiptHandle = '' }) =>
        !gone.has(id) && holdings.add(id, receiptHandle, until),
    );
  }

  async function* pages(signal: AbortSignal): AsyncGenerator<readonly Message[]> {
    let fruitless = 0;
    while (!signal.aborted && fruitless < fruitlessLimit) {
      const fresh = await receive();
      fruitless = fresh.length > 0 ? 0 : fruitless + 1;
      if (fresh.length > 0) yield fresh;
      else if ((await queueDepth(sqs, queueUrl)).visible === 0) return;
    }
  }

  return { pages, remove, release: () => holdings.giveBack() };
}

function receiveCommand(queueUrl: string, seconds: number, waitSeconds: number): ReceiveMessageCommand {
  return new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: 10,
    VisibilityTimeout: seconds,
    WaitTimeSeconds: waitSeconds,
    MessageAttributeNames: ['All'],
    MessageSystemAttributeNames: ['All'],
  });
}
