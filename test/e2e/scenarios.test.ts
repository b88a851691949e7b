import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scenarios } from '../../local/scenarios/catalogue.ts';
import { logRecords } from '../../local/scenarios/log-records.ts';
import { play } from '../../local/scenarios/play.ts';
import type { Scenario } from '../../local/scenarios/scenario.ts';
import { scenarioStage } from '../../local/scenarios/stage.ts';
import { startScenarioSystem } from '../../local/scenarios/system.ts';

/** Nobody looks: what a step waits for is waited for, and nothing else. */
const pace = 0.2;

async function played(scenario: Scenario) {
  const stateDir = await mkdtemp(join(tmpdir(), 'postroom-scenario-'));
  const log = logRecords();
  const system = await startScenarioSystem(scenario, { stateDir, onLog: log.add });
  const stage = scenarioStage(system, log);
  const said: string[] = [];
  try {
    const say = (text: string) => void said.push(text);
    const kept = await play(scenario, stage, { pace, say, signal: new AbortController().signal });
    return { kept, said };
  } finally {
    stage.close();
    await system.close();
    await rm(stateDir, { recursive: true });
  }
}

describe('npm start -- --scenario', () => {
  it.each([...scenarios])('%s ends in the state that it promises', { timeout: 240_000 }, async (_name, scenario) => {
    const { kept, said } = await played(scenario);

    expect(kept).toEqual(scenario.promises.map(({ says }) => ({ says, holds: true })));
    expect(said).toEqual(scenario.steps.map(({ says }) => says));
  });
});
