import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createAsset, processState } from './fixture.ts';

let asset: Awaited<ReturnType<typeof createAsset>>;
let program: ChildProcess;
const functionPids: number[] = [];

beforeEach(async () => {
  asset = await createAsset();
  const script = fileURLToPath(new URL('platform-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, asset.directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  program = child;
  const [line] = await once(createInterface(child.stdout), 'line');
  functionPids.splice(0, Number.POSITIVE_INFINITY, ...JSON.parse(line));
  await vi.waitFor(async () => expect((await states()).sort()).toEqual(['S', 'T']), 5_000);
}, 20_000);

afterEach(async () => {
  program.kill('SIGKILL');
  await asset.remove();
});

const states = () => Promise.all(functionPids.map(processState));

it('close() ends busy and frozen function processes and leaves nothing that keeps the program alive', async () => {
  program.stdin?.end();
  const [code] = await once(program, 'exit');
  expect(code).toBe(0);
  expect(await states()).toEqual([undefined, undefined]);
}, 20_000);

it('a platform that is killed takes its function processes along, frozen ones too', async () => {
  program.kill('SIGKILL');
  await vi.waitFor(async () => expect(await states()).toEqual([undefined, undefined]), 5_000);
}, 20_000);
