import { randomUUID } from 'node:crypto';
import type { InvocationResult } from './invocation.ts';

/** An `AWS::Scheduler::Schedule` or a scheduled `AWS::Events::Rule` whose target is a function. */
export interface Schedule {
  readonly arn: string;
  readonly functionArn: string;
  readonly enabled: boolean;
  /** `rate(…)`, from the template. */
  readonly minutes: number;
  /** What the template gives the function; absent: the service's own event. */
  readonly input?: unknown;
  readonly source: 'aws.scheduler' | 'aws.events';
}

export interface SchedulerOptions {
  readonly region: string;
  readonly accountId: string;
  /** Length of one minute of a schedule, in milliseconds. */
  readonly minuteMs: number;
  /** Never rejects. */
  invoke(functionArn: string, event: unknown): Promise<InvocationResult>;
  onProblem(message: string): void;
}

/**
 * Invokes functions at their rates, first at once. Runs of one schedule may overlap, as in the service.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 *
 * @returns stops the schedules; runs in flight go on
 */
export function startScheduler(schedules: readonly Schedule[], options: SchedulerOptions): () => void {
  let stopped = false;
  // What is cut short because everything ends is no problem.
  const onProblem = (message: string) => {
    if (!stopped) options.onProblem(message);
  };
  const timers = schedules
    .filter(({ enabled }) => enabled)
    .map((schedule) => {
      const run = () => void fire(schedule, { ...options, onProblem });
      run();
      return setInterval(run, schedule.minutes * options.minuteMs);
    });
  return () => {
    stopped = true;
    timers.forEach(clearInterval);
  };
}

async function fire(schedule: Schedule, options: SchedulerOptions): Promise<void> {
  const result = await options.invoke(schedule.functionArn, schedule.input ?? scheduledEvent(schedule, options));
  if (!result.ok) {
    options.onProblem(`A scheduled run of ${schedule.functionArn} failed (${result.kind}): ${result.message}`);
  }
}

function scheduledEvent({ arn, source }: Schedule, { region, accountId }: SchedulerOptions): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source,
    account: accountId,
    time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [arn],
    detail: source === 'aws.scheduler' ? '{}' : {},
  };
}

const minutesPerUnit: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1440 };

/** @throws Error for anything but `rate(value unit)` */
export function rateMinutes(expression: string): number {
  const [, value, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const minutes = Number(value) * (minutesPerUnit[unit] ?? Number.NaN);
  if (!(minutes > 0)) throw new Error(`the schedule ${expression} is not supported in a local run, only rate(…) is`);
  return minutes;
}
