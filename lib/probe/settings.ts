import type { StageConfig } from '../contracts/stage-config.ts';

/** `probe` of the stage config, times in milliseconds. */
export interface ProbeSettings {
  readonly intervalMs: number;
  /** Of one probe, all phases together. */
  readonly timeoutMs: number;
  readonly degradedMs: number;
  readonly degradedWeight: number;
  readonly authIntervalMs: number;
}

export function probeSettings(probe: StageConfig['probe']): ProbeSettings {
  return {
    intervalMs: probe.intervalSeconds * 1000,
    timeoutMs: probe.timeoutSeconds * 1000,
    degradedMs: probe.degradedMs,
    degradedWeight: probe.degradedWeight,
    authIntervalMs: probe.authIntervalSeconds * 1000,
  };
}
