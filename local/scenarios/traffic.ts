import { setTimeout as pause } from 'node:timers/promises';

const sliceMs = 100;

/** Publishes evenly until the signal; what was late is made up for. Resolves when the last mail is on the queue. */
export async function steadyTraffic(
  to: { publish(count: number): Promise<void> },
  perSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  let published = 0;
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    if (due > published) await to.publish(due - published);
    published = due;
    await pause(sliceMs, undefined, { signal }).catch(() => undefined);
  }
}
