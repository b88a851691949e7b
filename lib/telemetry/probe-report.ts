import { relayStates } from '../contracts/metrics.ts';
import type { Breaker, RelayHealthItem } from '../health/item.ts';
import { type Standing, standingOf } from '../health/standing.ts';
import type { ProbeEvent } from '../probe/events.ts';
import type { Log } from './log.ts';
import type { Telemetry } from './telemetry.ts';

type Probed = Extract<ProbeEvent, { type: 'probed' }>;

/** Counts what the probe function finds out and does. */
export function measureProbe(event: ProbeEvent, telemetry: Pick<Telemetry, 'count' | 'record'>): void {
  switch (event.type) {
    case 'probed':
      measureProbed(event, telemetry);
      return;
    case 'intake-looked-at':
      telemetry.record('IntakePaused', event.paused ? 1 : 0);
      return;
    case 'probe-failed':
    case 'intake-unknown':
    case 'intake-paused':
    case 'intake-resumed':
      return;
  }
}

function measureProbed({ relay, result, after, at }: Probed, telemetry: Pick<Telemetry, 'record'>): void {
  if (result.kind === 'measured' && result.latencyMs !== undefined) {
    telemetry.record('ProbeDuration', result.latencyMs, relay);
  }
  const standing = standingOf(after, after.breaker, at, 0);
  telemetry.record('RelayState', relayStates[stateOf(standing, after)], relay);
  telemetry.record('RelayWeightFactor', standing.kind === 'available' ? standing.factor : 0, relay);
}

/**
 * As the choice of relays sees it: people and the breaker have their say as well. A breaker that waits for its trial, or for
 * the end of one, is as good as open: nothing has gone through yet. Only where no probe could ever close it, because the
 * relay refused one mail after the other, the relay counts as up again once it may try: no mail may come for days.
 */
function stateOf(standing: Standing, { probe, breaker }: RelayHealthItem): keyof typeof relayStates {
  if (standing.kind === 'available') return standing.factor < 1 ? 'degraded' : 'healthy';
  if (standing.kind === 'due') return isOpenByRejections(breaker) ? 'degraded' : 'offline';
  switch (standing.why) {
    case 'disabled':
    case 'draining':
      return 'withheld';
    case 'offline':
      return probe?.cause === 'unconfigured' ? 'unconfigured' : 'offline';
    case 'open':
    case 'on-trial':
      return 'offline';
    case 'throttled':
      return 'degraded';
  }
}

function isOpenByRejections(breaker: Breaker): boolean {
  return breaker.state !== 'closed' && breaker.reason === 'message-rejections';
}

function closedBreaker(before: RelayHealthItem | undefined, after: RelayHealthItem): boolean {
  return before !== undefined && before.breaker.state !== 'closed' && after.breaker.state === 'closed';
}

/** One line per failed probe and per change; a relay that is well leaves none. */
export function logProbe(event: ProbeEvent, log: Log): void {
  switch (event.type) {
    case 'probed':
      logProbed(event, log);
      return;
    case 'probe-failed':
      log.event('probe.error', { relay: event.relay, error: event.error });
      return;
    case 'intake-unknown':
      log.event('probe.error', { error: event.error });
      return;
    case 'intake-paused':
      log.event('intake.paused', { message: event.reason });
      return;
    case 'intake-resumed':
      log.event('intake.resumed', { durationMs: event.pausedMs });
      return;
    case 'intake-looked-at':
      return;
  }
}

function logProbed({ relay, result, before, after }: Probed, log: Log): void {
  if (result.kind === 'untold') log.event('probe.untold', { relay, message: result.error });
  if (result.kind === 'measured' && result.error !== undefined) {
    log.event('probe.failed', { relay, message: result.error, timings: result.phasesMs });
  }
  const [was, is] = [before?.probe?.status, after.probe?.status];
  if (is !== undefined && is !== (was ?? 'healthy')) {
    log.event('probe.status-changed', {
      relay,
      outcome: is,
      message: `${was ?? 'not probed'} before${result.kind === 'unconfigured' ? `; ${result.error}` : ''}`,
    });
  }
  if (closedBreaker(before, after)) log.event('relay.breaker-closed', { relay, message: 'by a probe' });
}
