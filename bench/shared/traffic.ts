import { setTimeout as pause } from 'node:timers/promises';
import type { World } from './world.ts';

const sliceMs = 100;

/** Publishes evenly until the signal; what was late is made up for. Resolves when the last mail is on the queue. */
export async function steadyTraffic(
  world: Pick<World, 'publish'>,
  perSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  let published = 0;
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    if (due > published) await world.publish(due - published);
    published = due;
    await pause(sliceMs, undefined, { signal }).catch(() => undefined);
  }
}
