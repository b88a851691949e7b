import { readStageConfig } from '../../lib/contracts/stage-config.ts';
import { type LocalSystem, type SystemOptions, startSystem } from '../commands/system.ts';
import type { Scenario } from './scenario.ts';

/** The local system as the scenario wants it: its own stage, with its relays. */
export function startScenarioSystem(
  { config, behaviours = {} }: Scenario,
  options: Pick<SystemOptions, 'stateDir' | 'onLog' | 'onProblem'>,
): Promise<LocalSystem> {
  const behaving = Object.entries(behaviours).map(([relay, create]) => [relay, create()] as const);
  return startSystem({
    ...options,
    stage: 'scenario',
    config: readStageConfig(config),
    behaviours: Object.fromEntries(behaving),
  });
}
