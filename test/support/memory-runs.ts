import { type IntakePause, RunLost, type RunStore } from '../../lib/probe/run-store.ts';

/** The run item in memory, as DynamoDB would keep it. */
export function memoryRuns(): RunStore & { readonly item: () => RunItem | undefined } {
  let item: RunItem | undefined;
  const owned = (owner: string): RunItem => {
    if (item?.owner !== owner) throw new RunLost('lost');
    return item;
  };
  return {
    item: () => item,
    async take(owner, now, endsAt) {
      if (item !== undefined && item.endsAt > now && item.owner !== owner) return { taken: false, endsAt: item.endsAt };
      item = { ...item, owner, endsAt };
      return { taken: true, ...(item.pause && { pause: item.pause }) };
    },
    async mark(owner, pause) {
      item = { ...owned(owner), pause };
    },
    async unmark(owner) {
      const { pause: _, ...rest } = owned(owner);
      item = rest;
    },
    async release(owner) {
      if (item?.owner === owner) item = { ...item, endsAt: 0 };
    },
  };
}

interface RunItem {
  readonly owner: string;
  readonly endsAt: number;
  readonly pause?: IntakePause;
}
