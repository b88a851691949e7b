import { setTimeout as pause } from 'node:timers/promises';
import type { Deed, End, Scenario, Step, View } from './scenario.ts';
import type { ScenarioStage } from './stage.ts';
import { steadyTraffic } from './traffic.ts';

export interface PlayOptions {
  /** Ends the story early. */
  readonly signal: AbortSignal;
  /** What happens, for people. */
  readonly say: (text: string) => void;
  /** Of the time that people get to look; the state that a step waits for takes what it takes. Default 1. */
  readonly pace?: number;
  /** How long a step, or the emptying of the queue, may take, in milliseconds. */
  readonly patienceMs?: number;
}

/** One thing that was to be so in the end. */
export interface Kept {
  readonly says: string;
  readonly holds: boolean;
}

/** What was promised, each with whether it holds; undefined when it was ended early. */
export type Played = readonly Kept[] | undefined;

const lookMs = 200;

/** Plays a scenario to its end: its steps under traffic, then what is left in the queue, then the look at what it promised. */
export async function play(scenario: Scenario, stage: ScenarioStage, options: PlayOptions): Promise<Played> {
  const { signal, patienceMs = 120_000 } = options;
  const times = new Map<string, number>();
  const over = new AbortController();
  const traffic = steadyTraffic(stage, scenario.mailsPerSecond, AbortSignal.any([over.signal, signal]));
  try {
    for (const step of scenario.steps) {
      const missed = await take(step, stage, times, options);
      if (missed !== undefined) return signal.aborted ? undefined : [missed];
    }
  } finally {
    over.abort();
    await traffic;
  }
  const isEmpty = ({ queued }: View): boolean => queued === 0;
  const view = await until(isEmpty, stage, times, { signal, patienceMs });
  if (view === undefined) return signal.aborted ? undefined : [{ says: 'the queue is empty', holds: false }];
  return judge(scenario, await stage.end(view));
}

export function judge({ promises }: Scenario, end: End): readonly Kept[] {
  return promises.map(({ says, holds }) => ({ says, holds: holds(end) }));
}

/** Undefined when the step was taken; otherwise what was waited for in vain. */
async function take(
  { name, says, lookSeconds = 0, once = () => true, does }: Step,
  stage: ScenarioStage,
  times: Map<string, number>,
  { signal, say, pace = 1, patienceMs = 120_000 }: PlayOptions,
): Promise<Kept | undefined> {
  await pause(lookSeconds * 1000 * pace, undefined, { signal }).catch(() => undefined);
  const view = await until(once, stage, times, { signal, patienceMs });
  if (view === undefined) return { says: `in ${patienceMs / 1000} s: ${says}`, holds: false };
  if (does !== undefined) await perform(does, stage);
  times.set(name, Date.now());
  say(says);
  return undefined;
}

async function perform(deed: Deed, stage: ScenarioStage): Promise<void> {
  if (deed.kind === 'publish') return stage.publish(deed.mails);
  const relay = stage.relay(deed.relay);
  switch (deed.kind) {
    case 'go-down':
      return relay.goDown();
    case 'come-back':
      return relay.comeBack();
    case 'drop-sessions':
      return relay.dropSessions();
    case 'change-password':
      return relay.changePassword();
    case 'fill-in-secret':
      return stage.setSecret(deed.relay, JSON.stringify(relay.secret));
    case 'behave':
      return relay.behave(deed.behaviour());
  }
}

/** The view in which it is so; undefined when the signal or the end of the patience comes first. */
async function until(
  isSo: (view: View) => boolean,
  stage: ScenarioStage,
  times: View['times'],
  { signal, patienceMs }: { readonly signal: AbortSignal; readonly patienceMs: number },
): Promise<View | undefined> {
  const deadline = Date.now() + patienceMs;
  while (!signal.aborted) {
    const view = await stage.view(times);
    if (isSo(view)) return view;
    if (Date.now() > deadline) return undefined;
    await pause(lookMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
