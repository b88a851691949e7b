import type { ProbeMark, ProbeReport } from '../health/item.ts';

export type RelayStatus = ProbeReport['status'];

/** What the probes of one relay have shown so far: the status, and the last marks, the newest last. */
export interface Course {
  readonly status: RelayStatus;
  readonly recent: readonly ProbeMark[];
}

/** Marks that are remembered; also how many failures in a row make a relay offline. */
const remembered = 3;
/** To become healthy again a relay must be faster than what made it degraded, by this share. */
const fastShare = 0.8;

/** @param latencyMs connect to greeting, TLS included; undefined when the probe failed */
export function markOf(latencyMs: number | undefined, degradedMs: number): ProbeMark {
  if (latencyMs === undefined) return 'failed';
  if (latencyMs >= degradedMs) return 'slow';
  return latencyMs < degradedMs * fastShare ? 'fast' : 'middling';
}

/** Nothing is held against a relay that was not probed before. */
export const newCourse: Course = { status: 'healthy', recent: [] };

/**
 * One more mark. Every way up asks for more than the way down took, so that a relay that wavers does not flap:
 *
 * - healthy → degraded: two of the last three slow; one that failed is the breaker's matter, and a relay that is back from
 *   an outage gets its whole share
 * - degraded → healthy: three fast ones in a row
 * - any → offline: three failed in a row
 * - offline → up: two in a row that did not fail; degraded when one of them was slow
 */
export function advance(course: Course, mark: ProbeMark): Course {
  const recent = [...course.recent, mark].slice(-remembered);
  return { status: statusAfter(course.status, recent), recent };
}

function statusAfter(status: RelayStatus, recent: readonly ProbeMark[]): RelayStatus {
  const full = recent.length === remembered;
  if (full && recent.every((mark) => mark === 'failed')) return 'offline';
  switch (status) {
    case 'healthy':
      return recent.filter(isSlow).length >= 2 ? 'degraded' : 'healthy';
    case 'degraded':
      return full && recent.every((mark) => mark === 'fast') ? 'healthy' : 'degraded';
    case 'offline':
      if (!answersAgain(recent)) return 'offline';
      return recent.slice(-2).some(isSlow) ? 'degraded' : 'healthy';
  }
}

/** Two probes in a row that did not fail: one may have been luck. */
export function answersAgain(recent: readonly ProbeMark[]): boolean {
  const last = recent.slice(-2);
  return last.length === 2 && !last.includes('failed');
}

const isSlow = (mark: ProbeMark): boolean => mark === 'slow';

/** @param degradedWeight of the stage config */
export function factorOf(status: RelayStatus, degradedWeight: number): number {
  return { healthy: 1, degraded: degradedWeight, offline: 0 }[status];
}
