import type { RelayHealthStore } from '../health/item.ts';
import type { Clock } from '../platform/clock.ts';
import type { ProbeEvent } from './events.ts';
import { type Demand, demandOf, type Fleet, type MappingState, nextStep, pauseReason } from './intake.ts';
import type { IntakePause, RunStore } from './run-store.ts';

/** One event source mapping of AWS Lambda. */
export interface MappingSwitch {
  readonly uuid: string;
  state(): Promise<MappingState>;
  /** Rejects when Lambda refuses, as it does while a change is under way. */
  setEnabled(enabled: boolean): Promise<void>;
}

export interface IntakePorts {
  readonly relays: readonly string[];
  readonly store: Pick<RelayHealthStore, 'readAll'>;
  readonly runs: Pick<RunStore, 'mark' | 'unmark'>;
  readonly mapping: MappingSwitch;
  readonly clock: Clock;
  readonly soonMs: number;
  readonly report: (event: ProbeEvent) => void;
}

/** Looks at the relays and the mapping, and takes the next step, if any. Never rejects; one look at a time. */
export type IntakeLook = () => Promise<void>;

/**
 * The intake in the hands of one run, which is its only writer.
 *
 * @param pause the mark as the run found it
 */
export function createIntake(owner: string, pause: IntakePause | undefined, ports: IntakePorts): IntakeLook {
  const { relays, store, runs, mapping, clock, report } = ports;
  let marked = pause;
  /** Asked once for the metric, and whenever a step depends on it. */
  let state: MappingState | undefined;

  async function look(): Promise<void> {
    const known = await store.readAll(relays);
    const fleet: Fleet = new Map(relays.map((relay) => [relay, known.has(relay) ? known.get(relay) : 'unread']));
    const now = clock.now();
    const demand = demandOf(fleet, now, ports.soonMs);
    // Of a mapping that the stack has replaced since: it says nothing about this one.
    if (marked !== undefined && marked.mapping !== mapping.uuid) await unmark(now);
    if (marked !== undefined || demand === 'no-relay' || state === undefined) {
      state = await mapping.state();
      await step(fleet, demand, now, state);
    }
    report({ type: 'intake-looked-at', paused: state !== 'Enabled' && (marked !== undefined || state === 'Disabled') });
  }

  async function step(fleet: Fleet, demand: Demand, now: number, found: MappingState): Promise<void> {
    switch (nextStep(marked, found, demand, now)) {
      case 'nothing':
        return;
      case 'mark-and-disable': {
        const reason = pauseReason(fleet, now);
        await disable({ mapping: mapping.uuid, since: now, reason, askedAt: now });
        report({ type: 'intake-paused', reason });
        return;
      }
      case 'disable':
        if (marked !== undefined) await disable({ ...marked, askedAt: now });
        return;
      case 'enable':
        await mapping.setEnabled(true);
        state = 'Transition';
        return;
      case 'forget': {
        const since = marked?.since ?? now;
        await unmark(now);
        report({ type: 'intake-resumed', pausedMs: now - since });
      }
    }
  }

  async function disable(mark: IntakePause): Promise<void> {
    await runs.mark(owner, mark);
    marked = mark;
    await mapping.setEnabled(false);
    state = 'Transition';
  }

  async function unmark(now: number): Promise<void> {
    await runs.unmark(owner, now);
    marked = undefined;
  }

  return async () => {
    try {
      await look();
    } catch (error) {
      report({ type: 'intake-unknown', error });
    }
  };
}
