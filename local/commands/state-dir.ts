import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { CommandError } from './failure.ts';

const text = v.pipe(v.string(), v.minLength(1));
const url = v.pipe(v.string(), v.url());

const endpoints = v.object({
  region: text,
  accessKeyId: text,
  secretAccessKey: text,
  sqs: url,
  sns: url,
  s3: url,
  dynamodb: url,
  secretsManager: url,
  lambda: url,
  /** Stack outputs by key. */
  outputs: v.record(v.string(), v.string()),
  /** Lists delivered mails as JSON. */
  mailbox: url,
  /** A sender address that the stage allows. */
  defaultFrom: text,
});

/** What `endpoints.json` holds while the local system runs; URLs are on loopback. Keys may be added, never renamed. */
export type Endpoints = v.InferOutput<typeof endpoints>;

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

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** What a running system has published, for commands that talk to it. */
export async function readEndpoints(directory: string): Promise<Endpoints> {
  try {
    const owner = Number(await readFile(join(directory, 'lock'), 'utf8'));
    if (!isAlive(owner)) throw new Error(`process ${owner} has ended`);
    return v.parse(endpoints, JSON.parse(await readFile(join(directory, 'endpoints.json'), 'utf8')));
  } catch (error) {
    throw new CommandError(
      `No local system runs with the state directory ${directory}.\n` +
        'Start one with "npm start" and leave it running, or name its directory with --state-dir.',
      2,
      { cause: error },
    );
  }
}
