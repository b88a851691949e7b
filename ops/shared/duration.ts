import { UsageError } from './command.ts';

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `90s`, `15m`, `2h` or `3d` as milliseconds. Throws a UsageError that names the option otherwise. */
export function parseDuration(option: string, text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const factor = unitMs[unit];
  if (factor === undefined) {
    throw new UsageError(`--${option} is "${text}"; allowed: a number with its unit, such as 90s, 15m, 2h or 3d`);
  }
  return Number(amount) * factor;
}

/** `45s`, `12m`, `5h`, `3d`: rounded down to the largest unit that gives more than one of it. */
export function describeDuration(ms: number): string {
  const [unit, factor] = Object.entries(unitMs).findLast(([, factor]) => ms >= 2 * factor) ?? ['s', 1000];
  return `${Math.max(0, Math.floor(ms / factor))}${unit}`;
}
