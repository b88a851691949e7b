import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../../ops/shared/command.ts';
import { type Endpoints, isAlive } from '../../ops/shared/endpoints.ts';

/** A state directory that belongs to this process until it is released. */
export interface StateDir {
  readonly path: string;
  /** Makes the endpoints known, all at once. */
  publish(known: Endpoints): Promise<void>;
  /** Takes the endpoints back and lets others have the directory. */
  release(): Promise<void>;
}

/** Takes the directory, creating it when needed; a run that is still alive keeps it. */
export async function claimStateDir(path: string): Promise<StateDir> {
  await mkdir(path, { recursive: true });
  const lock = join(path, 'lock');
  const endpointsFile = join(path, 'endpoints.json');
  await takeLock(lock, path);
  // Left behind by a run that was killed; nothing answers there any more.
  await rm(endpointsFile, { force: true });
  return {
    path,
    publish: async (known) => {
      const draft = `${endpointsFile}.${process.pid}`;
      await writeFile(draft, `${JSON.stringify(known, undefined, 2)}\n`, { mode: 0o600 });
      await rename(draft, endpointsFile);
    },
    release: async () => {
      await rm(endpointsFile, { force: true });
      await rm(lock, { force: true });
    },
  };
}

async function takeLock(lock: string, directory: string): Promise<void> {
  if (await createLock(lock)) return;
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (isAlive(owner)) {
    throw new CommandError(
      `${directory} is in use by a local system that is running (process ${owner}).\n` +
        `Stop it, or choose another directory with --state-dir. If that process is something else, remove ${lock}.`,
    );
  }
  await rm(lock, { force: true });
  if (!(await createLock(lock))) throw new CommandError(`${directory} was just taken by another local system.`);
}

/** A link appears with its content, so that nobody ever reads a lock without an owner. */
async function createLock(lock: string): Promise<boolean> {
  const draft = `${lock}.${process.pid}`;
  await writeFile(draft, String(process.pid));
  try {
    await link(draft, lock);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
