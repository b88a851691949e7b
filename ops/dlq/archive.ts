import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CommandError, errorText } from '../shared/command.ts';
import type { Entry } from './entry.ts';

/** Where entries are kept outside SQS. */
export interface Archive {
  /** Resolves once the entry would survive a power cut. */
  add(entry: Entry): Promise<void>;
  close(): Promise<void>;
}

/**
 * A file of one JSON document a line, readable by its owner only: it holds mail. `mode` `wx` refuses a file that exists,
 * `a` goes on with it. Throws a CommandError when it cannot be opened.
 */
export async function openArchive(path: string, mode: 'wx' | 'a+'): Promise<Archive> {
  try {
    const file = await open(path, mode, 0o600);
    await endLine(file);
    await syncDirectory(dirname(path));
    let turn: Promise<void> = Promise.resolve();
    return {
      add: (entry) => {
        const written = turn.then(() => append(file, entry));
        // After one failure the file may end in half a line: nothing more is written, and so nothing more is deleted.
        turn = written;
        return written;
      },
      close: async () => {
        await turn.catch(() => {});
        await file.close();
      },
    };
  } catch (error) {
    throw new CommandError(`The file ${path} cannot be written: ${errorText(error)}`, 2, { cause: error });
  }
}

async function append(file: FileHandle, entry: Entry): Promise<void> {
  await file.appendFile(`${JSON.stringify(archived(entry))}\n`);
  await file.datasync();
}

/** A run that was killed while writing leaves half a line, which must not swallow the next one. */
async function endLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 });
  if (buffer.toString() !== '\n') await file.appendFile('\n');
}

/** A new file is only safe once its name is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}

/**
 * One line of an export. `message` is what SQS's SendMessage takes (`aws sqs send-message --cli-input-json`): with it the
 * entry can be put back into the dead-letter queue, or into the intake queue, and keeps its key.
 */
export function archived(entry: Entry): object {
  const { id, messageId, reason, key, deadLetterId, detail, since, body, attributes } = entry;
  return {
    id,
    messageId,
    reason,
    idempotencyKey: key,
    deadLetterId,
    since: new Date(since).toISOString(),
    detail,
    message: {
      MessageBody: body,
      MessageAttributes: {
        ...Object.fromEntries(
          Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
            name,
            BinaryValue === undefined
              ? { DataType, StringValue }
              : { DataType, BinaryValue: Buffer.from(BinaryValue).toString('base64') },
          ]),
        ),
        idempotencyKey: { DataType: 'String', StringValue: key },
      },
    },
  };
}
