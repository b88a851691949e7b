import type { Message } from '@aws-sdk/client-sqs';
import * as v from 'valibot';
import { type Entry, readEntry } from '../../ops/dlq/entry.ts';
import { readBody } from '../../ops/dlq/read-body.ts';
import { describeDetail, explainReason } from '../../ops/dlq/words.ts';
import type { QueueEntry, QueueView } from './model.ts';

const message = v.object({
  messageId: v.string(),
  body: v.string(),
  messageAttributes: v.optional(v.record(v.string(), v.looseObject({ StringValue: v.optional(v.string()) })), {}),
  sentTimestamp: v.number(),
  approximateReceiveCount: v.number(),
});
const inspected = v.object({
  messages: v.object({
    ready: v.array(message),
    delayed: v.array(message),
    inflight: v.array(v.object({ message, visibilityDeadline: v.number() })),
  }),
});

type Held = v.InferOutput<typeof message> & { readonly visibleAt?: number };

/** People read no more. */
const shown = 100;
/** An inspection carries every body. */
const mostInspected = 1000;

/**
 * What lies in a queue of the emulator. Its inspection leaves receive counts and visibility alone, which ReceiveMessage
 * would not.
 */
async function inspect(sqs: string, queueName: string): Promise<readonly Held[]> {
  const response = await fetch(`${sqs}/_fauxqs/queues/${encodeURIComponent(queueName)}`);
  const { ready, delayed, inflight } = v.parse(inspected, await response.json()).messages;
  const hidden = inflight.map(({ message: held, visibilityDeadline }) => ({ ...held, visibleAt: visibilityDeadline }));
  return [...ready, ...delayed, ...hidden].sort((a, b) => b.sentTimestamp - a.sentTimestamp);
}

/** A queue of the local run: where it is, and how many messages it is known to hold. */
export interface LookedAt {
  /** Endpoint of the emulator. */
  readonly sqs: string;
  readonly queueName: string;
  readonly total: number;
}

export const intakeView = (queue: LookedAt): Promise<QueueView> => view(queue, intakeEntry);
export const deadLetterView = (queue: LookedAt): Promise<QueueView> => view(queue, deadLetterEntry);

async function view({ sqs, queueName, total }: LookedAt, entryOf: (held: Held) => QueueEntry): Promise<QueueView> {
  if (total === 0 || total > mostInspected) return { total, entries: [] };
  const held = await inspect(sqs, queueName);
  return { total: held.length, entries: held.slice(0, shown).map(entryOf) };
}

function intakeEntry(held: Held): QueueEntry {
  const { messageId, body, sentTimestamp: since, approximateReceiveCount: receives, visibleAt } = held;
  const { read, message: fields } = readBody(body, { messageId, sentAt: since });
  return {
    key: held.messageAttributes['idempotencyKey']?.StringValue ?? (read.ok ? read.mail.key : messageId),
    title: titleOf(fields?.subject, fields?.raw !== undefined, read.ok),
    recipients: read.ok ? read.mail.envelope.to : [],
    since,
    receives,
    why: [],
    ...(visibleAt === undefined ? {} : { visibleAt }),
  };
}

function deadLetterEntry(held: Held): QueueEntry {
  const entry = readEntry(toMessage(held));
  const { read, message: fields } = readBody(held.body, { messageId: held.messageId });
  return {
    key: entry.key,
    title: titleOf(fields?.subject, fields?.raw !== undefined, read.ok),
    recipients: read.ok ? read.mail.envelope.to : [],
    since: entry.since,
    receives: held.approximateReceiveCount,
    reason: entry.reason,
    why: reasonsOf(entry),
    deadLetterId: entry.id,
  };
}

function reasonsOf(entry: Entry): readonly string[] {
  return [explainReason(entry.reason), ...describeDetail(entry)];
}

function titleOf(subject: string | undefined, raw: boolean, readable: boolean): string {
  if (subject !== undefined) return subject;
  if (!readable) return 'A message that cannot be read';
  return raw ? 'A raw message' : 'No subject';
}

function toMessage({ messageId, body, messageAttributes, sentTimestamp }: Held): Message {
  const attributes = Object.entries(messageAttributes).map(([name, { StringValue }]) => [
    name,
    { DataType: 'String', StringValue },
  ]);
  return {
    MessageId: messageId,
    Body: body,
    MessageAttributes: Object.fromEntries(attributes),
    Attributes: { SentTimestamp: String(sentTimestamp) },
  };
}
