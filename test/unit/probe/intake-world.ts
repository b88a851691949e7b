import { freshBreaker, type Override, type RelayHealthItem } from '../../../lib/health/item.ts';
import type { ProbeEvent } from '../../../lib/probe/events.ts';
import type { MappingState } from '../../../lib/probe/intake.ts';
import { createIntake, type IntakeLook, type MappingSwitch } from '../../../lib/probe/intake-switch.ts';
import { type IntakePause, RunLost, type RunStore } from '../../../lib/probe/run-store.ts';
import { createManualClock } from '../../support/credentials.ts';
import { reportOf } from './probe-factory.ts';

export type Call = 'read' | 'mark' | 'unmark' | 'state' | 'enable' | 'disable';

/** Where a run dies: at its n-th call of that kind, before or after the call has had its effect. */
export interface Death {
  readonly call: Call;
  readonly when: 'before' | 'after';
}

/** A stage with one relay, whose function can die at any call; Lambda, the table and people live on. */
export interface IntakeWorld {
  readonly clock: ReturnType<typeof createManualClock>;
  readonly events: ProbeEvent[];
  readonly calls: Call[];
  mapping: { state: MappingState; readonly uuid: string };
  pause: IntakePause | undefined;
  /** Whether the one relay can take mail. */
  relayUp: boolean;
  /** What people decided about it. */
  override: Override | undefined;
  /** Lambda answers every change with this. */
  refusal: Error | undefined;
  /** A run that has just been started; dies as told. */
  newRun(death?: Death): IntakeLook;
  /** Ends the transition that is under way. */
  settle(): void;
}

export function intakeWorld(): IntakeWorld {
  const clock = createManualClock();
  let owner = 0;
  let settled: MappingState = 'Enabled';
  const world: IntakeWorld = {
    clock,
    events: [],
    calls: [],
    mapping: { state: 'Enabled', uuid: 'mapping-1' },
    pause: undefined,
    relayUp: true,
    override: undefined,
    refusal: undefined,
    settle: () => {
      if (world.mapping.state === 'Transition') world.mapping = { ...world.mapping, state: settled };
    },
    newRun(death) {
      owner += 1;
      const run = { owner: String(owner), alive: true };
      const perform = async <T>(call: Call, effect: () => T): Promise<T> => {
        const dies = death?.call === call;
        if (dies && death.when === 'before') run.alive = false;
        if (!run.alive) throw new Error('dead');
        world.calls.push(call);
        const result = effect();
        if (dies) run.alive = false;
        if (!run.alive) throw new Error('dead');
        return result;
      };
      const setPause = (by: string, pause: IntakePause | undefined) => () => {
        if (by !== String(owner)) throw new RunLost('lost');
        world.pause = pause;
      };
      const runs: Pick<RunStore, 'mark' | 'unmark'> = {
        mark: (by, pause) => perform('mark', setPause(by, pause)),
        unmark: (by) => perform('unmark', setPause(by, undefined)),
      };
      const mapping: MappingSwitch = {
        uuid: world.mapping.uuid,
        state: () => perform('state', () => world.mapping.state),
        setEnabled: (enabled) =>
          perform(enabled ? 'enable' : 'disable', () => {
            if (world.refusal) throw world.refusal;
            if (world.mapping.state === 'Transition') throw new Error('ResourceInUseException');
            settled = enabled ? 'Enabled' : 'Disabled';
            world.mapping = { ...world.mapping, state: 'Transition' };
          }),
      };
      const item = (): RelayHealthItem => ({
        relay: 'primary',
        revision: 'r',
        changedAt: clock.now(),
        breaker: freshBreaker,
        ...(world.override && { override: world.override }),
        probe: reportOf({
          validUntil: clock.now() + 1,
          ...(!world.relayUp && { status: 'offline', factor: 0, cause: 'unreachable' }),
        }),
      });
      return createIntake(run.owner, world.pause, {
        relays: ['primary'],
        store: { readAll: () => perform('read', () => new Map([['primary', item()]])) },
        runs,
        mapping,
        clock,
        soonMs: 15_000,
        report: (event) => world.events.push(event),
      });
    },
  };
  return world;
}

/** Lets looks and time go by, a run each, until nothing changes any more. */
export async function comeToRest(world: IntakeWorld): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    world.settle();
    world.clock.advance(30_000);
    await world.newRun()();
  }
  world.settle();
}
