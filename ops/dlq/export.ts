import { archived, openArchive } from './archive.ts';
import type { Session } from './session.ts';
import { exitCode, sweep } from './sweep.ts';
import { entries } from './words.ts';

/** Writes entries out, one JSON document a line, and leaves them in the queue. */
export async function exportEntries(session: Session): Promise<number> {
  const { options, print, note } = session;
  const { file } = options;
  if (file === undefined) {
    const tally = await sweep(session, {
      done: 'exported',
      act: async (entry) => {
        print(JSON.stringify(archived(entry)));
        return 'done';
      },
    });
    return exitCode(tally);
  }
  const archive = await openArchive(file, 'wx');
  try {
    const tally = await sweep(session, {
      done: 'exported',
      act: async (entry) => {
        await archive.add(entry);
        return 'done';
      },
    });
    note(`${entries(tally.done)} exported to ${file}.`);
    if (options.json) print(JSON.stringify({ summary: tally }));
    return exitCode(tally);
  } finally {
    await archive.close();
  }
}
