import { describe, expect, it } from 'vitest';
import type { RelayHealthItem } from '../../../lib/health/item.ts';
import type { ProbeEvent } from '../../../lib/probe/events.ts';
import type { ProbeResult } from '../../../lib/probe/report.ts';
import { createLog } from '../../../lib/telemetry/log.ts';
import { logProbe, measureProbe } from '../../../lib/telemetry/probe-report.ts';
import { createTelemetry } from '../../../lib/telemetry/telemetry.ts';
import { emfDocuments, valuesOf } from '../../support/emf.ts';
import { failed, itemOf, measured, openBreaker, reportOf, start } from './probe-factory.ts';

const clock = { now: () => start };
const trial = { owner: 'sender', startedAt: start, endsAt: start + 190_000 };
const onTrial: RelayHealthItem['breaker'] = { ...openBreaker({ reopensAt: start }), state: 'half-open', trial };
const rejecting = openBreaker({ reason: 'message-rejections', reopensAt: start });
const offline = (cause: 'unreachable' | 'unconfigured') => reportOf({ status: 'offline', factor: 0, cause });

function probed(after: RelayHealthItem, result: ProbeResult = measured(), before?: RelayHealthItem): ProbeEvent {
  return { type: 'probed', relay: 'primary', result, before, after, at: start + 1 };
}

function published(...events: ProbeEvent[]): string[] {
  const lines: string[] = [];
  const telemetry = createTelemetry({ stage: 'test', clock, sink: (line) => lines.push(line) });
  for (const event of events) measureProbe(event, telemetry);
  telemetry.flush();
  return lines;
}

function logged(...events: ProbeEvent[]): Record<string, unknown>[] {
  const lines: string[] = [];
  const log = createLog({ stage: 'test', clock, write: (line) => lines.push(line) });
  for (const event of events) logProbe(event, log);
  return lines.map((line) => JSON.parse(line));
}

describe('metrics', () => {
  it('of a probe stand under the relay, the factor unrounded', () => {
    const lines = published(
      probed(itemOf({ probe: reportOf({ status: 'degraded', factor: 0.4 }) }), measured({ latencyMs: 321.6 })),
    );
    const dimensions = { stage: 'test', relay: 'primary' };
    expect(emfDocuments(lines).map((document) => document.dimensions)).toEqual([dimensions]);
    expect(valuesOf(lines, 'ProbeDuration', dimensions)).toEqual([322]);
    expect(valuesOf(lines, 'RelayWeightFactor', dimensions)).toEqual([0.4]);
    expect(valuesOf(lines, 'RelayState', dimensions)).toEqual([1]);
  });

  it.each<[string, RelayHealthItem, number, number]>([
    ['healthy', itemOf({ probe: reportOf() }), 0, 1],
    ['due', itemOf({ breaker: openBreaker({ reopensAt: start }), probe: reportOf() }), 3, 0],
    ['on its trial', itemOf({ breaker: onTrial, probe: reportOf() }), 3, 0],
    ['due, and no probe could close its breaker', itemOf({ breaker: rejecting, probe: reportOf() }), 1, 0],
    ['drained', itemOf({ override: { mode: 'draining', setAt: 0 }, probe: offline('unreachable') }), 2, 0],
    ['offline', itemOf({ probe: offline('unreachable') }), 3, 0],
    ['open', itemOf({ breaker: openBreaker(), probe: reportOf() }), 3, 0],
    ['unconfigured', itemOf({ probe: offline('unconfigured') }), 4, 0],
  ])('say of a relay that is %s what the choice makes of it', (_, item, state, factor) => {
    const lines = published(probed(item));
    expect([valuesOf(lines, 'RelayState'), valuesOf(lines, 'RelayWeightFactor')]).toEqual([[state], [factor]]);
  });

  it('say with each run whether the intake is paused', () => {
    const lines = published({ type: 'intake-looked-at', paused: true }, { type: 'intake-looked-at', paused: false });
    expect(valuesOf(lines, 'IntakePaused', { stage: 'test' })).toEqual([1, 0]);
  });
});

describe('log', () => {
  it('of a relay that is and was well is empty', () => {
    const well = itemOf({ probe: reportOf() });
    expect(logged(probed(well), probed(well, measured(), well))).toEqual([]);
  });

  it('tells a change of status, and why', () => {
    const [failure, change, ...others] = logged(
      probed(itemOf({ probe: offline('unreachable') }), failed(start), itemOf({ probe: reportOf() })),
    );
    expect(failure).toMatchObject({ event: 'probe.failed', relay: 'primary', message: 'connect: ECONNREFUSED' });
    expect(change).toMatchObject({ event: 'probe.status-changed', outcome: 'offline', message: 'healthy before' });
    expect(others).toEqual([]);
  });

  it('tells of pauses and of breakers that a probe closed', () => {
    const events = logged(
      probed(itemOf(), measured(), itemOf({ breaker: openBreaker() })),
      { type: 'intake-paused', reason: 'no relay can take mail: primary is open' },
      { type: 'intake-resumed', pausedMs: 61_000 },
    );
    expect(events.map(({ event }) => event)).toEqual(['relay.breaker-closed', 'intake.paused', 'intake.resumed']);
    expect(events[1]).toMatchObject({ message: 'no relay can take mail: primary is open' });
  });

  it('tells when AWS could not be asked', () => {
    const error = new Error('away');
    const events = logged({ type: 'probe-failed', relay: 'primary', error }, { type: 'intake-unknown', error });
    expect(events).toMatchObject([
      { event: 'probe.error', relay: 'primary', error: { message: 'away' } },
      { event: 'probe.error', error: { message: 'away' } },
    ]);
  });
});
