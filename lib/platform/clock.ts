/** The time source of every capability. Milliseconds since the Unix epoch, as `Date.now()` gives them. */
export interface Clock {
  now(): number;
}

/** A random source: a number in [0, 1), as `Math.random()` gives them. */
export type Random = () => number;

export const systemClock: Clock = { now: () => Date.now() };
