import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Platform, runStack } from '../../../local/platform/platform.ts';
import { synthesise } from '../../../local/template/synthesise.ts';

let directory: string;
let platform: Platform | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postroom-synth-'));
});

afterEach(async () => {
  await platform?.close();
  await rm(directory, { recursive: true });
});

it('bundles the functions of the real stack, which then runs', async () => {
  const stack = await synthesise({ stage: 'dev', outputDirectory: directory });
  expect(stack.assets.size).toBeGreaterThan(0);
  for (const asset of stack.assets.values()) expect(existsSync(join(asset, 'index.mjs'))).toBe(true);

  platform = await runStack(stack, {});
  expect(platform.outputs).toMatchObject({
    IntakeQueueUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\d{12}\//),
    LedgerTableName: expect.any(String),
    RelaySecretArns: expect.stringContaining('"primary"'),
  });
}, 60_000);

it('reads another stage config, and says what is wrong with it', async () => {
  const configPath = join(directory, 'stage.json');
  await writeFile(configPath, '{"relays":{"primary":{"weight":"heavy"}}}');
  const work = synthesise({ stage: 'dev', configPath, outputDirectory: join(directory, 'out') });
  await expect(work).rejects.toThrow(/Synthesis of the stack failed:.*weight/s);
}, 60_000);
