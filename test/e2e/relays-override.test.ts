import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStageConfig } from '../../lib/contracts/stage-config.ts';
import { type LocalSystem, startSystem } from '../../local/commands/system.ts';
import { logRecords } from '../../local/scenarios/log-records.ts';
import { type ScenarioStage, scenarioStage } from '../../local/scenarios/stage.ts';
import { steadyTraffic } from '../../local/scenarios/traffic.ts';

/** What the issue promises operators. */
const actsWithinMs = 15_000;
const forSeconds = 20;

let directory: string;
let system: LocalSystem;
let stage: ScenarioStage;
const states: { readonly at: number; readonly state: number }[] = [];
const over = new AbortController();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postroom-override-'));
  const config = { relays: { primary: {}, fallback: {} }, probe: { intervalSeconds: 2, timeoutSeconds: 2 } };
  system = await startSystem({
    stage: 'override',
    config: readStageConfig({ ...config, sender: { maxConcurrency: 2 } }),
    stateDir: directory,
    onLog: noteState,
  });
  stage = scenarioStage(system, logRecords());
}, 60_000);

afterAll(async () => {
  over.abort();
  stage.close();
  await system.close();
  await rm(directory, { recursive: true });
});

/** The metric as CloudWatch would get it. */
function noteState(line: string): void {
  if (!line.includes('"RelayState"')) return;
  const emf: { readonly relay?: string; readonly RelayState?: number | readonly number[] } = JSON.parse(line);
  if (emf.relay === 'primary')
    for (const state of [emf.RelayState ?? []].flat()) states.push({ at: Date.now(), state });
}

async function relay(...args: string[]): Promise<void> {
  const command = ['ops/relay/main.ts', ...args, '--state-dir', directory];
  const [exitCode] = await once(spawn(process.execPath, command, { stdio: 'ignore' }), 'close');
  expect(exitCode).toBe(0);
}

const primaryTook = () => system.mailbox.list().filter((mail) => mail.relay === 'primary');

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(100);
}

describe('an override', () => {
  it('acts within 15 seconds, shows in the metrics, and ends by itself', { timeout: 120_000 }, async () => {
    const traffic = steadyTraffic(stage, 10, over.signal);
    await until(() => primaryTook().length > 10);

    await relay('disable', 'primary', '--reason', 'moving house', '--for', `${forSeconds}s`);
    const setAt = Date.now();

    await until(() => primaryTook().length > 0 && Date.now() - setAt > forSeconds * 1000 - 1000);
    const whileDisabled = primaryTook().map(({ receivedAt }) => Date.parse(receivedAt) - setAt);
    expect(Math.max(...whileDisabled)).toBeLessThan(actsWithinMs);

    const before = primaryTook().length;
    await until(() => primaryTook().length > before + 10);
    expect(Date.now() - setAt).toBeLessThan(forSeconds * 1000 + actsWithinMs);
    over.abort();
    await traffic;
    // The probe function publishes when one of its runs ends: the first one began with the system.
    await until(() => states.length > 0);
    expect(new Set(states.map(({ state }) => state))).toContain(2);
  });
});
