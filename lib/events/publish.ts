import { type ChangeRecord, changeOf } from './change.ts';
import { type EventEntry, entryOf, inCalls } from './entry.ts';
import { eventsOf } from './outcomes.ts';

export interface PublishPorts {
  readonly stage: string;
  /** One PutEvents: the error of each entry that was refused, by its place. Rejects when the whole call failed. */
  readonly put: (entries: readonly EventEntry[]) => Promise<ReadonlyMap<number, string>>;
  /** Leaves a change that nobody can read to a person. Rejects when there is no place for it. */
  readonly setAside: (change: UnreadableChange) => Promise<void>;
  readonly report: (report: PublishReport) => void;
}

/** A change of the ledger that no event can be made of: asking again gives the same. */
export interface UnreadableChange {
  readonly sequenceNumber: string;
  /** Idempotency key, where the change still shows it. */
  readonly key?: string;
  readonly error: unknown;
}

export type PublishReport =
  | { readonly type: 'published'; readonly events: number }
  /** The mails whose events are not on the bus yet; the stream hands them out again. */
  | { readonly type: 'failed'; readonly keys: readonly string[]; readonly error: unknown }
  /** No event will tell of this change. */
  | { readonly type: 'set-aside'; readonly change: UnreadableChange };

interface Pending {
  readonly record: ChangeRecord;
  readonly key: string;
  readonly entry: EventEntry;
}

/**
 * Publishes what a batch of the ledger's change stream means, in its order. Returns the sequence number of the first record
 * whose events are not all on the bus: the stream goes back to it. Undefined when all are. Later records are not begun
 * after a failure, so that the events of one mail stay in order; those of the failed call come again with the same ids.
 * What cannot be read is set aside: it would hold up all other mail of its shard until the stream gave up on it.
 */
export async function publishChanges(
  records: readonly ChangeRecord[],
  ports: PublishPorts,
): Promise<string | undefined> {
  const { pending, unreadable } = read(records, ports.stage);
  const refused = await publish(pending, ports);
  const reached = refused === undefined ? records.length : records.indexOf(refused);
  for (const [index, change] of unreadable) {
    // What the stream hands out again is set aside then.
    if (index >= reached) break;
    if (!(await setAside(change, ports))) return change.sequenceNumber;
  }
  return refused?.sequenceNumber;
}

function read(records: readonly ChangeRecord[], stage: string) {
  const pending: Pending[] = [];
  const unreadable: (readonly [index: number, UnreadableChange])[] = [];
  for (const [index, record] of records.entries()) {
    const key = record.new?.['key']?.S ?? record.old?.['key']?.S ?? '';
    try {
      const { old, next } = changeOf(record);
      pending.push(...eventsOf(old, next, stage).map((event) => ({ record, key, entry: entryOf(event) })));
    } catch (error) {
      const { sequenceNumber } = record;
      unreadable.push([index, { sequenceNumber, ...(key === '' ? {} : { key }), error }]);
    }
  }
  return { pending, unreadable };
}

async function setAside(change: UnreadableChange, ports: PublishPorts): Promise<boolean> {
  try {
    await ports.setAside(change);
    ports.report({ type: 'set-aside', change });
    return true;
  } catch (error) {
    ports.report({ type: 'failed', keys: change.key === undefined ? [] : [change.key], error });
    return false;
  }
}

/** The first record that is not told of in full; undefined: all are. */
async function publish(pending: readonly Pending[], ports: PublishPorts): Promise<ChangeRecord | undefined> {
  for (const call of inCalls(pending)) {
    const refused = await put(call, ports);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

async function put(call: readonly Pending[], ports: PublishPorts): Promise<ChangeRecord | undefined> {
  const { report } = ports;
  try {
    const refused = await ports.put(call.map(({ entry }) => entry));
    report({ type: 'published', events: call.length - refused.size });
    const failed = call.filter((_, index) => refused.has(index));
    const [first] = failed;
    if (first === undefined) return undefined;
    report({ type: 'failed', keys: keysOf(failed), error: new Error([...new Set(refused.values())].join('; ')) });
    return first.record;
  } catch (error) {
    report({ type: 'failed', keys: keysOf(call), error });
    return call[0]?.record;
  }
}

function keysOf(pending: readonly Pending[]): readonly string[] {
  return [...new Set(pending.map(({ key }) => key))];
}
