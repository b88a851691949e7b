/** One condition of an experiment, and what was measured. */
export interface Condition {
  readonly says: string;
  readonly measured: string;
  readonly holds: boolean;
}

/** Prints every condition; the exit code is 1 when one does not hold. */
export function verdict(conditions: readonly Condition[]): number {
  console.log('');
  for (const { says, measured, holds } of conditions)
    console.log(`${holds ? '  ok   ' : 'WRONG  '}${says}: ${measured}`);
  return conditions.every(({ holds }) => holds) ? 0 : 1;
}

/** `must` is the most that is allowed. */
export function atMost(says: string, value: number, must: number, unit = ''): Condition {
  return { says, measured: `${round(value)}${unit} (at most ${round(must)}${unit})`, holds: value <= must };
}

export function none(says: string, value: number): Condition {
  return { says, measured: String(value), holds: value === 0 };
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
