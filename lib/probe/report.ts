import type { ProbeReport } from '../health/item.ts';
import { type Logins, loginsAfter } from './login.ts';
import type { PhaseTimes } from './measure.ts';
import type { ProbeSettings } from './settings.ts';
import { advance, type Course, factorOf, markOf, newCourse } from './status.ts';

/** What one probe found out. `at`: when it began, ms since the epoch. */
export type ProbeResult =
  | Measured
  /** Somebody must give the relay usable credentials. */
  | { readonly kind: 'unconfigured'; readonly at: number; readonly error: string }
  /** Says nothing about the relay's health: its credentials could not be had for now, or it asked for patience. */
  | {
      readonly kind: 'untold';
      readonly at: number;
      readonly error: string;
      /** Secret version with which it was asked for a login. Absent: it was not. */
      readonly loginVersion?: string;
    };

export interface Measured {
  readonly kind: 'measured';
  readonly at: number;
  /** Secret version. */
  readonly version: string;
  readonly phasesMs: PhaseTimes;
  readonly latencyMs?: number;
  /**
   * Absent: nobody logged in. `unclear`: the relay said something else, or nothing. `token-refused`: nobody could, as the
   * token endpoint refused the secret.
   */
  readonly login?: 'accepted' | 'refused' | 'unclear' | 'token-refused';
  /** Absent: the relay would have taken a mail. */
  readonly error?: string;
}

/** A report outlives its successor by this much, so that a run that was late, or lost, changes nothing. */
const validAfterNextMs = 60_000;

const unknown = { status: 'healthy', factor: 1, version: undefined } as const;

/** Puts what a probe found out into the relay's report. A report that has ended counts for nothing but its login. */
export function nextReport(
  previous: ProbeReport | undefined,
  result: ProbeResult,
  settings: ProbeSettings,
): ProbeReport {
  const valid = previous !== undefined && result.at < previous.validUntil ? previous : undefined;
  const common = {
    at: result.at,
    validUntil: result.at + 3 * settings.intervalMs + validAfterNextMs,
    ...loginsAfter(previous, result),
    ...(valid?.failedAt !== undefined && { failedAt: valid.failedAt }),
  };
  switch (result.kind) {
    case 'unconfigured':
      return { ...common, status: 'offline', factor: 0, cause: 'unconfigured', lastError: result.error };
    case 'untold': {
      const { status, factor, validUntil, version } = valid ?? { ...unknown, validUntil: result.at };
      const { recent, cause } = valid ?? {};
      return {
        ...common,
        status,
        factor,
        // Not prolonged: what was true of the relay minutes ago must not stand for hours.
        validUntil,
        lastError: result.error,
        ...(recent && { recent }),
        ...(cause && { cause }),
        ...(version !== undefined && { version }),
      };
    }
    case 'measured':
      return { ...common, ...measuredReport(valid, common, result, settings) };
  }
}

function measuredReport(
  valid: ProbeReport | undefined,
  { login, unclearLogin }: Logins,
  result: Measured,
  settings: ProbeSettings,
) {
  const { at, version, phasesMs, latencyMs, error } = result;
  const mark = markOf(error === undefined ? latencyMs : undefined, settings.degradedMs);
  const refused = result.login === 'token-refused' || (login?.version === version && !login.accepted);
  // The login failed lately, and this probe has not tried it: that the relay greets well says nothing then.
  const unproven =
    error === undefined && result.login === undefined && unclearLogin?.version === version && !unclearLogin.throttled;
  const course = unproven ? courseOf(valid) : advance(courseOf(valid), refused ? 'failed' : mark);
  const status = refused ? 'offline' : course.status;
  return {
    status,
    factor: factorOf(status, settings.degradedWeight),
    recent: course.recent,
    version,
    phasesMs,
    ...(latencyMs !== undefined && { latencyMs }),
    ...(unproven && valid?.lastError !== undefined && { lastError: valid.lastError }),
    ...(error !== undefined && { lastError: error, failedAt: at }),
    ...(status === 'offline' && { cause: refused ? ('login-refused' as const) : ('unreachable' as const) }),
  };
}

/** A relay that was offline for want of a login, or of credentials, begins anew once it has them: it was never unwell. */
function courseOf(valid: ProbeReport | undefined): Course {
  if (valid === undefined || valid.cause === 'login-refused' || valid.cause === 'unconfigured') return newCourse;
  return { status: valid.status, recent: valid.recent ?? [] };
}
