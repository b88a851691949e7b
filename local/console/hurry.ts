import type { StageConfig } from '../../lib/contracts/stage-config.ts';

/** A run of the probe function keeps three seconds back for itself: one that has less than that left probes nothing. */
export const fastestScale = 10;

/** The stage with probes so many times as often: a run of the probe function is as much shorter. */
export function hurried(config: StageConfig, scale: number): StageConfig {
  const { probe } = config;
  const intervalSeconds = probe.intervalSeconds / scale;
  // A busy machine is not as much faster: a probe has all the time there is before the next one.
  const timeoutSeconds = Math.min(probe.timeoutSeconds, intervalSeconds);
  return { ...config, probe: { ...probe, intervalSeconds, timeoutSeconds } };
}
