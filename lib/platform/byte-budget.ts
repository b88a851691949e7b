/**
 * Bounds the bytes that are worked on at one time. Waiters are served in order, so that a large one is not starved; one
 * that is larger than the whole budget runs alone.
 */
export function byteBudget(limit: number): <T>(bytes: number, work: () => Promise<T>) => Promise<T> {
  let inUse = 0;
  const waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  function admit(): void {
    for (let next = waiting[0]; next !== undefined && inUse + next.bytes <= limit; next = waiting[0]) {
      waiting.shift();
      inUse += next.bytes;
      next.go();
    }
  }

  return async (wanted, work) => {
    const bytes = Math.min(wanted, limit);
    if (waiting.length === 0 && inUse + bytes <= limit) inUse += bytes;
    else await new Promise<void>((go) => waiting.push({ bytes, go }));
    try {
      return await work();
    } finally {
      inUse -= bytes;
      admit();
    }
  };
}
