import { stripVTControlCharacters } from 'node:util';
import { freshBreaker } from '../../lib/health/item.ts';
import type { Clock } from '../../lib/platform/clock.ts';
import { disable, drain, enable, reset } from '../../ops/relay/change.ts';
import { describePause } from '../../ops/relay/intake.ts';
import type { Command } from '../../ops/relay/options.ts';
import { openSession, type Session } from '../../ops/relay/session.ts';
import { describeBreaker, describeOverride, describeProbe, describeStanding, standing } from '../../ops/relay/words.ts';
import type { Target } from '../../ops/shared/target.ts';
import type { RelayView } from './model.ts';
import type { SimulatedRelays } from './simulation.ts';

const commands = { drain, disable, enable, reset } as const satisfies Partial<
  Record<Command, (session: Session) => Promise<number>>
>;
export type RelayCommand = keyof typeof commands;
export const relayCommands = ['drain', 'disable', 'enable', 'reset'] as const satisfies readonly RelayCommand[];

export interface RelayRoom {
  read(): Promise<{ readonly relays: readonly RelayView[]; readonly pause?: string }>;
  /** Runs the command of `npm run relay`. Returns what it says. @throws CommandError */
  run(command: RelayCommand, relay: string, reason: string | undefined): Promise<string>;
}

/** The relays through the same code as `npm run relay`. */
export function relayRoom(target: Target, simulated: SimulatedRelays, clock: Clock): RelayRoom {
  return {
    read: async () => {
      const session = openSession(target, options('list', ''), { clock, ...silent });
      const names = [...session.relays.keys()];
      const [items, pause] = await Promise.all([session.store.readAll(names), describePause(session)]);
      const now = clock.now();
      const relays = names.map((name) => {
        const item = items.get(name);
        const stands = standing(item, now);
        const simulation = simulated.stateOf(name);
        return {
          name,
          level:
            stands.kind === 'available'
              ? stands.factor < 1
                ? 'watch'
                : 'good'
              : stands.kind === 'due'
                ? 'watch'
                : 'bad',
          standing: bare(describeStanding(item, now)),
          breaker: bare(describeBreaker(item?.breaker ?? freshBreaker, now)),
          probe: bare(describeProbe(item?.probe, now)),
          override: bare(describeOverride(item?.override, now)),
          ...(simulation === undefined ? {} : { simulated: simulation }),
        } as const;
      });
      return { relays, ...(pause === undefined ? {} : { pause }) };
    },
    run: async (command, relay, reason) => {
      const said: string[] = [];
      const listener = { write: (text: string) => said.push(bare(text)) };
      const session = openSession(target, options(command, relay, reason), {
        clock,
        stdout: listener,
        stderr: listener,
      });
      await commands[command](session);
      return said.join('').trim();
    },
  };
}

const silent = { stdout: { write: () => undefined }, stderr: { write: () => undefined } };

/** What is written for a terminal, without its colours. */
const bare = (text: string) => stripVTControlCharacters(text);

function options(command: Command, relay: string, reason?: string) {
  const given = reason === undefined ? {} : { reason };
  return { command, relay, json: false, login: false, stateDir: '', ...given };
}
