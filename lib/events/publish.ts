import type { LedgerItem } from '../ledger/item.ts';
import { type ChangeRecord, changeOf } from './change.ts';
import { type EventEntry, entryOf, inCalls } from './entry.ts';
import { eventsOf } from './outcomes.ts';

export interface PublishPorts {
  readonly stage: string;
  /** One PutEvents: the error of each entry that was refused, by its place. Rejects when the whole call failed. */
  readonly put: (entries: readonly EventEntry[]) => Promise<ReadonlyMap<number, string>>;
  readonly report: (report: PublishReport) => void;
}

export type PublishReport =
  | { readonly type: 'published'; readonly events: number }
  /** The mails whose events are not on the bus yet; the stream hands them out again. */
  | { readonly type: 'failed'; readonly keys: readonly string[]; readonly error: unknown };

interface Pending {
  readonly record: ChangeRecord;
  readonly key: string;
  readonly entry: EventEntry;
}

/**
 * Publishes what a batch of the ledger's change stream means, in its order. Returns the sequence number of the first record
 * whose events are not all on the bus: the stream goes back to it. Undefined when all are. Later records are not begun
 * after a failure, so that the events of one mail stay in order; those of the failed call come again with the same ids.
 */
export async function publishChanges(
  records: readonly ChangeRecord[],
  ports: PublishPorts,
): Promise<string | undefined> {
  const { pending, unreadable } = read(records, ports);
  for (const call of inCalls(pending)) {
    const refused = await put(call, ports);
    if (refused !== undefined) return refused;
  }
  return unreadable;
}

/** Events up to the first record that cannot be read: it holds up what follows it, until the stream gives up on it. */
function read(records: readonly ChangeRecord[], { stage, report }: PublishPorts) {
  const pending: Pending[] = [];
  for (const record of records) {
    let next: LedgerItem | undefined;
    try {
      const change = changeOf(record);
      next = change.next;
      const entries = eventsOf(change.old, next, stage).map(entryOf);
      pending.push(...entries.map((entry) => ({ record, entry, key: next?.key ?? '' })));
    } catch (error) {
      report({ type: 'failed', keys: next === undefined ? [] : [next.key], error });
      return { pending, unreadable: record.sequenceNumber };
    }
  }
  return { pending, unreadable: undefined };
}

async function put(call: readonly Pending[], ports: PublishPorts): Promise<string | undefined> {
  const { report } = ports;
  try {
    const refused = await ports.put(call.map(({ entry }) => entry));
    report({ type: 'published', events: call.length - refused.size });
    const failed = call.filter((_, index) => refused.has(index));
    const [first] = failed;
    if (first === undefined) return undefined;
    report({ type: 'failed', keys: keysOf(failed), error: new Error([...new Set(refused.values())].join('; ')) });
    return first.record.sequenceNumber;
  } catch (error) {
    report({ type: 'failed', keys: keysOf(call), error });
    return call[0]?.record.sequenceNumber;
  }
}

function keysOf(pending: readonly Pending[]): readonly string[] {
  return [...new Set(pending.map(({ key }) => key))];
}
