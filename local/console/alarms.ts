import type { AlarmStanding, Transition } from '../metrics/alarm-board.ts';
import type { AlarmView, TransitionView } from './model.ts';

/** In the order of the template, which is that of the runbook; what pages comes first. */
export function alarmViews(standings: readonly AlarmStanding[], stage: string): readonly AlarmView[] {
  const rank = ({ severity }: AlarmView) => (severity === 'page' ? 0 : 1);
  return standings
    .map(({ alarm, state, since, reason }) => ({
      id: idOf(alarm.name, stage),
      state,
      since,
      reason,
      ...readDescription(alarm.description),
    }))
    .sort((a, b) => rank(a) - rank(b));
}

export function transitionViews(transitions: readonly Transition[], stage: string): readonly TransitionView[] {
  return transitions
    .filter(({ from, to }) => from !== 'INSUFFICIENT_DATA' || to === 'ALARM')
    .map(({ at, name, to, reason }) => ({ at, id: idOf(name, stage), to, reason }));
}

const idOf = (name: string, stage: string) => name.replace(`postroom-${stage}-`, '');

/** `[page] Meaning. First: what to do. Runbook: where#anchor [dedupe: key]`, as lib/contracts/alarms.ts writes it. */
export function readDescription(description: string): Pick<AlarmView, 'severity' | 'meaning' | 'first' | 'runbook'> {
  const pattern = /^\[(\w+)\] (.*?) First: (.*?) Runbook: [^#\s]*#(\S+)/s;
  const [, severity = 'ticket', meaning = description, first = '', runbook = ''] = pattern.exec(description) ?? [];
  return { severity, meaning, first, runbook };
}
