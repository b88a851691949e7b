import { readStageConfig } from '../../lib/contracts/stage-config.ts';
import { type LocalSystem, type SystemOptions, startSystem } from '../commands/system.ts';
import type { Behaviour } from '../relays/behaviour.ts';
import type { Scenario } from './scenario.ts';

/** The local system as the scenario wants it: its own stage, with its relays. */
export function startScenarioSystem(
  scenario: Scenario,
  options: Pick<SystemOptions, 'stateDir' | 'onLog' | 'onProblem'>,
): Promise<LocalSystem> {
  return startSystem({
    ...options,
    stage: 'scenario',
    config: readStageConfig(scenario.config),
    behaviours: behavioursOf(scenario),
  });
}

/** How its relays behave from the start. */
export function behavioursOf({ behaviours = {} }: Scenario): Readonly<Record<string, Behaviour>> {
  return Object.fromEntries(Object.entries(behaviours).map(([relay, create]) => [relay, create()]));
}
