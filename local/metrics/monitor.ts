import type { Clock } from '../../lib/platform/clock.ts';
import type { FunctionLogLine } from '../platform/function-spec.ts';
import type { FinishedInvocation } from '../platform/invocation.ts';
import type { ResolvedStack } from '../template/resolve.ts';
import { type AlarmBoard, createAlarmBoard } from './alarm-board.ts';
import { alarmsOf } from './alarm-definition.ts';
import { logGroups, type QueueDepths, recordInvocation, recordLogLine, recordQueue } from './aws-metrics.ts';
import { type Widget, widgetsOf } from './dashboard.ts';
import { ingestEmf } from './emf.ts';
import { shownMinutes } from './graph.ts';
import { createMetricStore, type MetricStore } from './store.ts';
import { minuteMs, type ScaledTime } from './time.ts';

export interface IntakeOptions {
  readonly clock: Clock;
  /** How many times as fast as in CloudWatch time passes for alarms and graphs. */
  readonly scale: number;
}

export interface WatchOptions {
  readonly depths: (queueUrl: string) => Promise<QueueDepths>;
  readonly onProblem: (message: string) => void;
}

/** Takes in what a stack does, from its first moment. */
export interface Intake {
  line(line: FunctionLogLine): void;
  invocation(invocation: FinishedInvocation): void;
  /** Begins to evaluate alarms. @throws Error when an alarm or widget of the stack cannot be evaluated here */
  watch(stack: ResolvedStack, options: WatchOptions): Monitor;
}

/** A stack's CloudWatch, in memory: metrics, alarms and dashboard. */
export interface Monitor {
  readonly store: MetricStore;
  readonly time: ScaledTime;
  readonly board: AlarmBoard;
  readonly widgets: readonly Widget[];
  /** Called after each minute's evaluation. Returns how to stop that. */
  onMinute(listener: () => void): () => void;
  close(): Promise<void>;
}

/** The longest alarm looks back for an hour and a half; what is older is drawn nowhere. */
const keptMinutes = 2 * shownMinutes;

export function createIntake({ clock, scale }: IntakeOptions): Intake {
  const store = createMetricStore(keptMinutes * minuteMs({ scale, origin: 0 }));
  let groups: ReadonlyMap<string, string> = new Map();
  return {
    line: ({ functionName, line }) => {
      const group = groups.get(functionName);
      if (group !== undefined) recordLogLine(group, clock.now(), line, store);
      ingestEmf(line, store);
    },
    invocation: (invocation) => recordInvocation(invocation, store),
    watch: (stack, options) => {
      groups = logGroups(stack);
      // The schedules start now as well: what a scheduled run publishes when it ends falls well inside of a minute.
      const time = { scale, origin: clock.now() };
      return startMonitor(stack, { store, time, clock, ...options });
    },
  };
}

interface Watch extends WatchOptions {
  readonly store: MetricStore;
  readonly time: ScaledTime;
  readonly clock: Clock;
}

function startMonitor(stack: ResolvedStack, { store, time, clock, depths, onProblem }: Watch): Monitor {
  const board = createAlarmBoard(alarmsOf(stack.resources), store, time);
  const queues = stack.resources.filter(({ type }) => type === 'AWS::SQS::Queue');
  const listeners = new Set<() => void>();
  const emptyAt = new Map<string, number>();
  let turn: Promise<void> = Promise.resolve();

  const minute = async () => {
    try {
      for (const { name, identity } of queues) {
        const depth = await depths(identity.ref);
        const now = clock.now();
        // The emulator tells no ages. What lies there is at most this old.
        if (depth.visible === 0) emptyAt.set(name, now);
        const oldestSeconds = (now - (emptyAt.get(name) ?? time.origin)) / 1000;
        recordQueue(name, now, { ...depth, oldestSeconds }, store);
      }
    } catch (error) {
      onProblem(`The queues could not be measured: ${String(error)}`);
    }
    board.evaluate(clock.now());
    for (const listener of listeners) listener();
  };
  const timer = setInterval(() => {
    turn = turn.then(minute);
  }, minuteMs(time));
  return {
    store,
    time,
    board,
    widgets: widgetsOf(stack.resources),
    onMinute: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      clearInterval(timer);
      await turn;
    },
  };
}
