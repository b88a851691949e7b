import { type AttributeValue, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import { ledgerItem } from '../../lib/ledger/item-schema.ts';

/** One entry of the dead-letter queue, as far as it must be judged. */
export interface DeadLetter {
  /** Empty: SQS moved the message by itself. */
  readonly reason: string;
  readonly deadLetterId: string;
  /** Addresses that the entry's detail names. */
  readonly recipients: readonly string[];
  readonly body: string;
}

/** What is left when a run is over: the only thing that the judgement looks at. */
export interface Evidence {
  /** By idempotency key. */
  readonly ledger: ReadonlyMap<string, LedgerItem>;
  readonly deadLetters: readonly DeadLetter[];
  /** By envelope recipient: the subject of each copy that a relay took. */
  readonly arrivals: ReadonlyMap<string, readonly string[]>;
  /** Messages that are still in the intake queue. */
  readonly queued: number;
}

export async function readLedger(client: DynamoDBClient, tableName: string): Promise<ReadonlyMap<string, LedgerItem>> {
  const items = new Map<string, LedgerItem>();
  for await (const { Items = [] } of paginateScan({ client }, { TableName: tableName, ConsistentRead: true })) {
    for (const item of Items.map(toItem)) items.set(item.key, item);
  }
  return items;
}

function toItem(attributes: Record<string, AttributeValue>): LedgerItem {
  return v.parse(ledgerItem, unmarshall(attributes));
}

/** Empties the queue. */
export async function drainDeadLetters(client: SQSClient, queueUrl: string): Promise<readonly DeadLetter[]> {
  const entries: DeadLetter[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 0,
        MessageAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return entries;
    entries.push(...Messages.map(toDeadLetter));
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

const detailSchema = v.object({ recipients: v.optional(v.array(v.object({ address: v.string() })), []) });

function toDeadLetter({ Body = '', MessageAttributes = {} }: Message): DeadLetter {
  const attribute = (name: string): string => MessageAttributes[name]?.StringValue ?? '';
  const detail = v.parse(detailSchema, JSON.parse(attribute('detail') || '{}'));
  return {
    reason: attribute('reason'),
    deadLetterId: attribute('deadLetterId'),
    recipients: detail.recipients.map(({ address }) => address),
    body: Body,
  };
}
