import { eventSource, type OutcomeEvent } from '../contracts/outcome-events.ts';

/** One entry of PutEvents, and its size as EventBridge counts it. */
export interface EventEntry {
  readonly source: string;
  readonly detailType: string;
  readonly detail: string;
  readonly time: Date;
  /** Bytes: 14 for the time, and source, detail type and detail in UTF-8 (EventBridge user guide, "PutEvents sizes"). */
  readonly bytes: number;
}

/** EventBridge takes 256 KB in one call, all entries together. */
export const largestCallBytes = 256 * 1024;
const timeBytes = 14;

/** Characters kept of each reply: the first that makes the event fit. Even a hundred long addresses fit without replies. */
const replyLengths = [512, 128, 0];

/** The entry of an event. Replies are cut so that it fits into one call. */
export function entryOf({ type, detail }: OutcomeEvent): EventEntry {
  const time = new Date(detail.at);
  const fixed = timeBytes + Buffer.byteLength(eventSource) + Buffer.byteLength(type);
  for (const length of replyLengths) {
    const text = JSON.stringify({ ...detail, recipients: detail.recipients.map((one) => shortened(one, length)) });
    const bytes = fixed + Buffer.byteLength(text);
    if (bytes <= largestCallBytes) return { source: eventSource, detailType: type, detail: text, time, bytes };
  }
  throw new RangeError(`the event of ${detail.recipients.length} recipients is too large`);
}

type Recipient = OutcomeEvent['detail']['recipients'][number];

function shortened({ reply, ...rest }: Recipient, length: number): Recipient {
  if (reply === undefined) return rest;
  if (reply.length <= length) return { ...rest, reply };
  return length === 0 ? rest : { ...rest, reply: `${reply.slice(0, length - 1).toWellFormed()}…` };
}

/** EventBridge takes ten entries in one call. */
const mostEntries = 10;

/** As few calls as the bounds of PutEvents allow, in the given order. */
export function inCalls<Item extends { readonly entry: EventEntry }>(items: readonly Item[]): Item[][] {
  const calls: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const last = calls.at(-1);
    if (last === undefined || last.length === mostEntries || item.entry.bytes > room) {
      calls.push([item]);
      room = largestCallBytes - item.entry.bytes;
    } else {
      last.push(item);
      room -= item.entry.bytes;
    }
  }
  return calls;
}
