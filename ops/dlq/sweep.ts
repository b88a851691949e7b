import type { Message } from '@aws-sdk/client-sqs';
import { CommandError, errorText } from '../shared/command.ts';
import { describeDuration } from '../shared/duration.ts';
import { type Entry, readEntry } from './entry.ts';
import { matches } from './filter.ts';
import { holdQueue } from './hold.ts';
import { queueDepth } from './queue-depth.ts';
import type { Session } from './session.ts';

/** What became of one entry; `skipped`: left as it is. */
export type Outcome = 'done' | 'skipped';

export interface Tally {
  readonly looked: number;
  readonly matched: number;
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  readonly interrupted: boolean;
  /** Of all that were looked at. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** What a command does with an entry that the filter lets through. What it throws counts as that entry's failure. */
export interface Work {
  /** For the progress: `redriven`. */
  readonly done: string;
  act(entry: Entry, remove: () => Promise<void>): Promise<Outcome>;
  /** True: no need to look further. */
  enough?(): boolean;
}

/** When nothing succeeds in between, the cause is not the entries'. */
const failureLimit = 10;

/** Looks through the dead-letter queue once. Whatever happens, what was not removed is shown again at the end. */
export async function sweep(session: Session, work: Work): Promise<Tally> {
  const { target, options, clock, signal, note, progress } = session;
  const queueUrl = target.output('DeadLetterQueueUrl');
  const { sqs } = target;
  const expected = await visibleEntries(session, queueUrl);
  const queue = holdQueue({ sqs, queueUrl, clock, holdSeconds: options.hold });
  const tally = { looked: 0, matched: 0, done: 0, failed: 0, skipped: 0, interrupted: false };
  const reasons: Record<string, number> = {};
  let failuresInARow = 0;

  async function handle(entry: Entry, message: Message): Promise<void> {
    try {
      const outcome = await work.act(entry, () => queue.remove(message));
      tally[outcome] += 1;
      failuresInARow = 0;
    } catch (error) {
      tally.failed += 1;
      failuresInARow += 1;
      note(`${entry.id} failed: ${errorText(error)}`);
    }
  }

  try {
    for await (const page of queue.pages(signal)) {
      const found = page.map((message) => ({ message, entry: readEntry(message) }));
      for (const { entry } of found) reasons[entry.reason] = (reasons[entry.reason] ?? 0) + 1;
      const matching = found.filter(({ entry }) => matches(entry, options.filter, clock.now()));
      tally.looked += page.length;
      tally.matched += matching.length;
      await Promise.all(matching.map(({ entry, message }) => handle(entry, message)));
      progress.show(tally.looked, Math.max(expected, tally.looked), `looked at, ${tally.done} ${work.done}`);
      if (work.enough?.() === true) break;
      if (failuresInARow >= failureLimit) {
        note(`Stopped after ${failuresInARow} failures in a row.`);
        break;
      }
    }
  } catch (error) {
    throw new CommandError(`The dead-letter queue cannot be read any further: ${errorText(error)}`, 1, {
      cause: error,
    });
  } finally {
    const hidden = await queue.release();
    progress.end();
    if (hidden > 0) note(`${hidden} entries could not be shown again; they come back by themselves.`);
  }
  return { ...tally, interrupted: signal.aborted, reasons };
}

/** How many entries there are to look at, and a note about those that cannot be seen now. */
async function visibleEntries({ target, options, note }: Session, queueUrl: string): Promise<number> {
  try {
    const { visible, hidden } = await queueDepth(target.sqs, queueUrl);
    if (hidden > 0) {
      note(
        `${hidden} of the entries are hidden: another command looks at them, or one was killed. ` +
          `They come back within ${describeDuration(options.hold * 1000)} or so; then run this again.`,
      );
    }
    return visible;
  } catch (error) {
    throw new CommandError(`The dead-letter queue of ${target.name} cannot be read: ${errorText(error)}`, 2, {
      cause: error,
    });
  }
}

/** 0 when everything that was asked for was done. */
export function exitCode({ failed, interrupted }: Tally): number {
  return failed > 0 || interrupted ? 1 : 0;
}
