import pc from 'picocolors';
import type { LocalSystem } from '../commands/system.ts';
import type { LogRecords } from './log-records.ts';
import { type Played, play } from './play.ts';
import type { Scenario } from './scenario.ts';
import { scenarioStage } from './stage.ts';

interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** What people are told before the story begins. */
export function announce(name: string, { watch, ends }: Scenario): string {
  return [`Scenario ${pc.bold(name)}`, `  Watch ${watch}.`, `  In the end, ${ends}.`, ''].join('\n');
}

/** Plays the scenario on the screen. Resolves with false when it did not end as promised. Never rejects. */
export async function tell(
  scenario: Scenario,
  system: LocalSystem,
  log: LogRecords,
  { signal, screen }: { readonly signal: AbortSignal; readonly screen: Screen },
): Promise<boolean> {
  const startedAt = Date.now();
  const line = (text: string): void => {
    const seconds = String(Math.round((Date.now() - startedAt) / 1000)).padStart(4);
    // The progress of the run stands in this line on a terminal.
    screen.write(`${screen.isTTY === true ? '\r\u001b[2K' : ''}${pc.dim(`${seconds} s`)}  ${text}\n`);
  };
  const stage = scenarioStage(system, log);
  try {
    const say = (text: string): void => line(pc.cyan(text));
    return conclude(await play(scenario, stage, { signal, say }), scenario, line);
  } catch (error) {
    // Whoever stops the run takes the queue away under the story.
    if (signal.aborted) return true;
    line(pc.red(`The scenario cannot be played: ${String(error)}`));
    return false;
  } finally {
    stage.close();
  }
}

function conclude(kept: Played, { ends }: Scenario, line: (text: string) => void): boolean {
  if (kept === undefined) return true;
  for (const { says, holds } of kept)
    line(holds ? pc.green(`as promised: ${says}`) : pc.red(`NOT as promised: ${says}`));
  const asPromised = kept.every(({ holds }) => holds);
  line(asPromised ? pc.green(`The scenario has ended: ${ends}.`) : pc.red('The scenario has not ended as promised.'));
  return asPromised;
}
