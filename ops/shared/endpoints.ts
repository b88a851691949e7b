import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { CommandError } from './command.ts';

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
  /** The console page. */
  console: v.exactOptional(url),
  /** A sender address that the stage allows. */
  defaultFrom: text,
});

/** What `endpoints.json` holds while the local system runs; URLs are on loopback. Keys may be added, never renamed. */
export type Endpoints = v.InferOutput<typeof endpoints>;

/** What a running local system has published in its state directory. Throws a CommandError when none runs there. */
export async function readEndpoints(directory: string): Promise<Endpoints> {
  try {
    const owner = Number(await readFile(join(directory, 'lock'), 'utf8'));
    if (!isAlive(owner)) throw new Error(`process ${owner} has ended`);
    return v.parse(endpoints, JSON.parse(await readFile(join(directory, 'endpoints.json'), 'utf8')));
  } catch (error) {
    throw new CommandError(
      `No local system runs with the state directory ${directory}.\n` +
        'Start one with "npm start" and leave it running, or name its directory with --state-dir. ' +
        'What is deployed has options of its own: see --help.',
      2,
      { cause: error },
    );
  }
}

/** Whether there is a process of that id, whoever's it is. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
