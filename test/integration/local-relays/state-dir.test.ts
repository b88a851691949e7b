import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimStateDir } from '../../../local/commands/state-dir.ts';
import { type Endpoints, readEndpoints } from '../../../ops/shared/endpoints.ts';

const endpoints: Endpoints = {
  region: 'eu-central-1',
  accessKeyId: 'local',
  secretAccessKey: 'local',
  sqs: 'http://127.0.0.1:1',
  sns: 'http://127.0.0.1:1',
  s3: 'http://127.0.0.1:1',
  dynamodb: 'http://127.0.0.1:2',
  secretsManager: 'http://127.0.0.1:3',
  lambda: 'http://127.0.0.1:5',
  outputs: { IntakeQueueUrl: 'http://127.0.0.1:1/q' },
  mailbox: 'http://127.0.0.1:4/messages',
  defaultFrom: 'postroom@example.com',
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postroom-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('state directory', () => {
  it('makes endpoints known while the run lasts', async () => {
    const stateDir = await claimStateDir(join(directory, 'deep', 'state'));
    await expect(readEndpoints(stateDir.path)).rejects.toThrow(/No local system runs/);
    await stateDir.publish(endpoints);
    expect(await readEndpoints(stateDir.path)).toEqual(endpoints);
    await stateDir.release();
    expect(await readdir(stateDir.path)).toEqual([]);
  });

  it('belongs to one live run', async () => {
    const stateDir = await claimStateDir(directory);
    await expect(claimStateDir(directory)).rejects.toThrow(new RegExp(`in use .*process ${process.pid}`));
    await stateDir.release();
    await (await claimStateDir(directory)).release();
  });

  it('is free again after a run that was killed, whose endpoints are void', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await writeFile(join(directory, 'lock'), String(child.pid));
    await writeFile(join(directory, 'endpoints.json'), JSON.stringify(endpoints));

    const stateDir = await claimStateDir(directory);

    await expect(readEndpoints(directory)).rejects.toThrow(/npm start/);
    await stateDir.release();
  });
});
