import type { ProbeReport } from '../health/item.ts';
import { createIntake, type IntakeLook, type IntakePorts } from './intake-switch.ts';
import { type ProbeRelayPorts, type ProbeTurn, probeRelay } from './probe-relay.ts';
import type { RunStore, TakenRun } from './run-store.ts';
import type { ProbeSettings } from './settings.ts';

export interface RunPorts extends ProbeRelayPorts, Omit<IntakePorts, 'runs' | 'store' | 'soonMs' | 'report'> {
  readonly runs: RunStore;
  readonly pause: (ms: number) => Promise<void>;
}

/** Kept back before the deadline for what a probe found out, and for the intake. */
const reserveMs = 3000;
/** A run that died leaves its lease behind; who starts just before the end of it waits. */
const leasePatienceMs = 10_000;
/** Two clocks that are 2 s off each, in opposite directions. */
const clockSkewMs = 4000;

/**
 * One run of the probe function: probes every relay at its interval, each for itself so that none waits for another, and
 * looks at the intake after each probe, until `deadline` (ms since the epoch; the process may end then) is near. Does
 * nothing when another run is at work. Rejects only when the health table cannot be asked who is.
 */
export async function runProbes(deadline: number, ports: RunPorts): Promise<'done' | 'elsewhere'> {
  const { relays, runs, newId, settings, report } = ports;
  const owner = newId();
  const taken = await takeRun(owner, deadline, ports);
  if (!taken.taken) return 'elsewhere';
  const stopAt = deadline - reserveMs;
  const look = oneAtATime(createIntake(owner, taken.pause, { ...ports, soonMs: settings.intervalMs }));
  try {
    void look();
    await Promise.all(relays.map((relay) => keepProbing(relay, owner, stopAt, look, ports)));
    await look();
  } finally {
    await runs.release(owner).catch((error: unknown) => report({ type: 'intake-unknown', error }));
  }
  return 'done';
}

async function takeRun(owner: string, deadline: number, { runs, clock, pause }: RunPorts): Promise<TakenRun> {
  const endsAt = deadline + clockSkewMs;
  const first = await runs.take(owner, clock.now(), endsAt);
  const waitMs = first.taken ? 0 : first.endsAt - clock.now();
  if (first.taken || waitMs > leasePatienceMs) return first;
  await pause(Math.max(0, waitMs) + 1);
  return runs.take(owner, clock.now(), endsAt);
}

async function keepProbing(
  relay: string,
  owner: string,
  stopAt: number,
  look: IntakeLook,
  ports: RunPorts,
): Promise<void> {
  const { clock, settings, pause } = ports;
  const stored = await ports.store.read(relay).catch(() => undefined);
  // A report from the future, of a clock that was wrong, holds nobody up.
  let due = Math.min(nextDue(stored?.probe, settings) ?? clock.now(), clock.now() + settings.intervalMs);
  for (;;) {
    const startAt = Math.max(due, clock.now());
    // Half the time is enough for all but the slowest; the next run, a moment later, would leave a gap.
    if (startAt + settings.timeoutMs / 2 > stopAt) return;
    if (startAt > clock.now()) await pause(startAt - clock.now());
    const report = await turn({ relay, owner, deadline: Math.min(clock.now() + settings.timeoutMs, stopAt) }, ports);
    void look();
    due = nextDue(report, settings) ?? startAt + settings.intervalMs;
  }
}

async function turn(probe: ProbeTurn, ports: RunPorts): Promise<ProbeReport | undefined> {
  try {
    const item = await probeRelay(probe, ports);
    return item.probe;
  } catch (error) {
    ports.report({ type: 'probe-failed', relay: probe.relay, error });
    return undefined;
  }
}

/** A relay that answers again is soon asked whether it meant it: mail waits for it. */
function nextDue(report: ProbeReport | undefined, { intervalMs }: ProbeSettings): number | undefined {
  if (report === undefined) return undefined;
  const hopeful = report.cause === 'unreachable' && report.recent?.at(-1) !== 'failed';
  return report.at + (hopeful ? intervalMs / 5 : intervalMs);
}

/** A look that is asked for during another comes after it: that one may have begun before what this one is about. */
function oneAtATime(look: IntakeLook): IntakeLook {
  let last: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  return () => {
    waiting ??= last.then(() => {
      waiting = undefined;
      return look();
    });
    last = waiting;
    return waiting;
  };
}
