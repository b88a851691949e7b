import { pace } from '../shared/pace.ts';
import { openArchive } from './archive.ts';
import type { Entry } from './entry.ts';
import { finish } from './finish.ts';
import { summaryOf } from './list.ts';
import type { Session } from './session.ts';
import { type Outcome, sweep } from './sweep.ts';
import { printable } from './words.ts';

const defaultFile = 'dropped-dead-letters.ndjson';

/** Deletes entries, each only after it is on disk. */
export async function drop(session: Session): Promise<number> {
  const { options, clock, signal, print, note } = session;
  const words = { done: 'dropped', would: 'would be dropped' };
  if (!options.yes) {
    const act = async (entry: Entry): Promise<Outcome> => {
      const line = printable(`${entry.id}  ${entry.reason}: would be dropped`);
      print(options.json ? JSON.stringify(summaryOf(entry)) : line);
      return 'done';
    };
    return finish(session, await sweep(session, { done: words.would, act }), words);
  }
  const turn = pace(options.rate, clock, signal);
  const path = options.file ?? defaultFile;
  const archive = await openArchive(path, 'a+');
  try {
    const act = async (entry: Entry, remove: () => Promise<void>): Promise<Outcome> => {
      if (!(await turn())) return 'skipped';
      await archive.add(entry);
      await remove();
      if (options.json) print(JSON.stringify({ id: entry.id, idempotencyKey: entry.key, dropped: true }));
      return 'done';
    };
    const tally = await sweep(session, { done: words.done, act });
    if (tally.done > 0) note(`What was dropped is in ${path}.`);
    return finish(session, tally, words);
  } finally {
    await archive.close();
  }
}
