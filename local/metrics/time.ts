/**
 * How a local run tells the time to alarms and graphs. `scale` times as fast as CloudWatch: a minute takes `60 / scale`
 * seconds, so that an alarm that waits for ten minutes goes off within one.
 */
export interface ScaledTime {
  readonly scale: number;
  /** Minutes are counted from here, in milliseconds since the epoch. */
  readonly origin: number;
}

export const minuteMs = ({ scale }: ScaledTime): number => 60_000 / scale;

/** How long a period of so many seconds takes here, in milliseconds. */
export const periodMs = (seconds: number, { scale }: ScaledTime): number => (seconds * 1000) / scale;

/** The end of the last minute that is over. */
export function lastMinute(now: number, time: ScaledTime): number {
  const length = minuteMs(time);
  return time.origin + Math.floor((now - time.origin) / length) * length;
}
