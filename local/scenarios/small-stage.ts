/** Shorter times than a stage would have, so that a story takes a minute and not an hour. */
export const config = {
  relays: { primary: {}, fallback: {} },
  sender: { maxConcurrency: 2 },
  retry: { baseSeconds: 2, factor: 2, maxSeconds: 10, jitter: 0.1 },
  breaker: { coolDownSeconds: 6, maxCoolDownSeconds: 24 },
  probe: { intervalSeconds: 5, timeoutSeconds: 4, degradedMs: 400 },
};
