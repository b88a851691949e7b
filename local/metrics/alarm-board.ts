import type { Alarm, CompositeAlarm, MetricAlarm } from './alarm-definition.ts';
import { type AlarmState, lookBack, stateOf, type Verdict } from './alarm-state.ts';
import { type CompositeRule, readCompositeRule } from './composite-rule.ts';
import { compute } from './formula.ts';
import type { MetricStore } from './store.ts';
import { lastMinute, periodMs, type ScaledTime } from './time.ts';

/** An alarm as it stands. */
export interface AlarmStanding extends Verdict {
  readonly alarm: Alarm;
  /** When it came into this state, in milliseconds since the epoch. */
  readonly since: number;
}

export interface Transition {
  readonly at: number;
  readonly name: string;
  readonly from: AlarmState;
  readonly to: AlarmState;
  readonly reason: string;
}

/** The alarms of a stack and their states. */
export interface AlarmBoard {
  /** Evaluates every alarm on the minutes that are over at `now`, as CloudWatch does once a minute. */
  evaluate(now: number): void;
  standings(): readonly AlarmStanding[];
  /** The newest changes of state, the newest first. */
  transitions(): readonly Transition[];
}

const transitionsKept = 100;

/** @throws Error when a composite alarm's rule cannot be evaluated here */
export function createAlarmBoard(alarms: readonly Alarm[], store: MetricStore, time: ScaledTime): AlarmBoard {
  const initial = { state: 'INSUFFICIENT_DATA', reason: 'Not evaluated yet.', since: time.origin } as const;
  const standings = new Map<string, AlarmStanding>(alarms.map((alarm) => [alarm.arn, { alarm, ...initial }]));
  const rules = new Map(
    alarms
      .filter((alarm) => alarm.kind === 'composite')
      .map((alarm) => [alarm.arn, readCompositeRule(alarm.rule)] as const),
  );
  const transitions: Transition[] = [];
  const byName = new Map(alarms.map(({ name, arn }) => [name, arn]));
  const state = (alarm: string): AlarmState => {
    const known = standings.get(alarm) ?? standings.get(byName.get(alarm) ?? '');
    if (known === undefined) throw new Error(`There is no alarm ${alarm}`);
    return known.state;
  };

  const enter = (alarm: Alarm, verdict: Verdict, at: number) => {
    const before = standings.get(alarm.arn);
    if (before?.state === verdict.state) {
      standings.set(alarm.arn, { ...before, ...verdict });
      return;
    }
    standings.set(alarm.arn, { alarm, ...verdict, since: at });
    const from = before?.state ?? 'INSUFFICIENT_DATA';
    transitions.unshift({ at, name: alarm.name, from, to: verdict.state, reason: verdict.reason });
    transitions.splice(transitionsKept);
  };

  const composites = alarms.filter((alarm) => alarm.kind === 'composite');
  return {
    evaluate: (now) => {
      const end = lastMinute(now, time);
      for (const alarm of alarms) {
        if (alarm.kind === 'composite') continue;
        enter(alarm, stateOf(alarm, datapoints(alarm, end, store, time)), end);
      }
      for (const alarm of composites) enter(alarm, compositeVerdict(alarm, rules.get(alarm.arn), state, alarms), end);
    },
    standings: () => [...standings.values()],
    transitions: () => transitions,
  };
}

/** Of the periods before `end`, the newest first. */
function datapoints(alarm: MetricAlarm, end: number, store: MetricStore, time: ScaledTime) {
  const length = periodMs(alarm.formula.periodSeconds, time);
  return Array.from({ length: lookBack(alarm) }, (_, back) =>
    compute(alarm.formula, store, { from: end - (back + 1) * length, to: end - back * length }),
  );
}

function compositeVerdict(
  { name }: CompositeAlarm,
  rule: CompositeRule | undefined,
  state: (alarm: string) => AlarmState,
  alarms: readonly Alarm[],
): Verdict {
  if (rule === undefined) throw new Error(`${name} has no rule`);
  const ringing = rule.alarms.filter((alarm) => state(alarm) === 'ALARM');
  const names = ringing.map((arn) => alarms.find((alarm) => alarm.arn === arn)?.name ?? arn);
  if (rule.isTrue(state)) return { state: 'ALARM', reason: `In alarm: ${names.join(', ')}.` };
  return { state: 'OK', reason: 'None of the alarms it is made of has gone off.' };
}
