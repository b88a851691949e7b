import type { Clock } from '../../lib/platform/clock.ts';

/** Many actors on one clock that moves only when all of them wait for it. */
export interface VirtualTime extends Clock {
  /** The same clock for somebody whose watch is off by so many milliseconds. */
  skewed(ms: number): Clock;
  /** Resolves when the clock has come that far. */
  readonly pause: (ms: number) => Promise<void>;
  /** Counts work that happens outside of this clock, so that the clock waits for it. */
  outside<T>(work: Promise<T>): Promise<T>;
  /** Lets time pass until nobody waits any more. Rejects as soon as one of the actors does. */
  run(actors: readonly Promise<unknown>[]): Promise<void>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export function virtualTime(start = 1_800_000_000_000): VirtualTime {
  let now = start;
  let busy = 0;
  const sleepers: Sleeper[] = [];

  async function quiet(): Promise<void> {
    // What a wake-up sets off runs within one turn of the event loop, unless it waits for work outside.
    do await new Promise((resolve) => setImmediate(resolve));
    while (busy > 0);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async function pass(): Promise<void> {
    for (;;) {
      do await quiet();
      while (busy > 0);
      const next = Math.min(...sleepers.map(({ at }) => at));
      if (next === Number.POSITIVE_INFINITY) return;
      now = Math.max(now, next);
      const due = sleepers.filter(({ at }) => at <= now);
      for (const sleeper of due) sleepers.splice(sleepers.indexOf(sleeper), 1);
      for (const { wake } of due) wake();
    }
  }

  return {
    now: () => now,
    skewed: (ms) => ({ now: () => now + ms }),
    pause: (ms) => new Promise((wake) => sleepers.push({ at: now + ms, wake })),
    outside(work) {
      busy += 1;
      return work.finally(() => {
        busy -= 1;
      });
    },
    async run(actors) {
      await Promise.race([pass(), Promise.all(actors).then(() => new Promise<void>(() => {}))]);
      await Promise.all(actors);
    },
  };
}
