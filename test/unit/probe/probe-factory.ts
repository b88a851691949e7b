import { freshBreaker, type OpenBreaker, type ProbeReport, type RelayHealthItem } from '../../../lib/health/item.ts';
import type { Measured } from '../../../lib/probe/report.ts';
import type { ProbeSettings } from '../../../lib/probe/settings.ts';

export const start = 1_800_000_000_000;

export const settings: ProbeSettings = {
  intervalMs: 15_000,
  timeoutMs: 10_000,
  degradedMs: 200,
  degradedWeight: 0.4,
  authIntervalMs: 3_600_000,
};

export function measured(overrides: Partial<Measured> = {}): Measured {
  return {
    kind: 'measured',
    at: start,
    version: 'v1',
    phasesMs: { connect: 5, greeting: 5 },
    latencyMs: 10,
    ...overrides,
  };
}

export const failed = (at: number, error = 'connect: ECONNREFUSED'): Measured => ({
  kind: 'measured',
  at,
  version: 'v1',
  phasesMs: { connect: 1 },
  error,
});

export function reportOf(overrides: Partial<ProbeReport> = {}): ProbeReport {
  return { status: 'healthy', factor: 1, at: start, validUntil: start + 105_000, recent: ['fast'], ...overrides };
}

export function itemOf(overrides: Partial<RelayHealthItem> = {}): RelayHealthItem {
  return { relay: 'primary', revision: 'r', changedAt: start, breaker: freshBreaker, ...overrides };
}

export function openBreaker(overrides: Partial<OpenBreaker> = {}): OpenBreaker {
  return {
    state: 'open',
    reason: 'relay-faults',
    rule: 'network-fault',
    openedAt: start,
    reopensAt: start + 60_000,
    coolDownMs: 60_000,
    rejections: [],
    refusedVersions: [],
    ...overrides,
  };
}
