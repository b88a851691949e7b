import { describe, expect, it } from 'vitest';
import type { ProbeReport } from '../../../lib/health/item.ts';
import { nextReport, type ProbeResult } from '../../../lib/probe/report.ts';
import { failed, measured, reportOf, settings, start } from './probe-factory.ts';

const reportAfter = (...results: ProbeResult[]): ProbeReport | undefined =>
  results.reduce<ProbeReport | undefined>((report, result) => nextReport(report, result, settings), undefined);
const at = (probes: number) => start + probes * settings.intervalMs;

describe('report', () => {
  it('of a good probe says how fast the relay was, and for how long that counts', () => {
    expect(reportAfter(measured({ login: 'accepted' }))).toEqual({
      status: 'healthy',
      factor: 1,
      at: start,
      validUntil: start + 3 * 15_000 + 60_000,
      recent: ['fast'],
      version: 'v1',
      latencyMs: 10,
      phasesMs: { connect: 5, greeting: 5 },
      login: { version: 'v1', at: start, accepted: true },
    });
  });

  it('of three failed probes in a row says offline, why, and since when', () => {
    expect(
      reportAfter(failed(at(0)), failed(at(1)), failed(at(2), 'greeting: no answer within 10000 ms')),
    ).toMatchObject({
      status: 'offline',
      factor: 0,
      cause: 'unreachable',
      lastError: 'greeting: no answer within 10000 ms',
      failedAt: at(2),
    });
  });

  it('of two slow probes gives the relay less', () => {
    const slow = { latencyMs: 350 };
    expect(reportAfter(measured(slow), measured({ ...slow, at: at(1) }))).toMatchObject({
      status: 'degraded',
      factor: 0.4,
    });
  });

  it('forgets failures from before a time in which nobody probed', () => {
    const report = reportAfter(failed(at(0)), failed(at(1)), failed(at(20)));
    expect(report).toMatchObject({ status: 'healthy', recent: ['failed'] });
  });
});

describe('a refused login', () => {
  const refused = measured({ at: at(1), login: 'refused', error: 'auth: 535 5.7.8 no' });

  it('makes the relay offline at once', () => {
    expect(reportAfter(measured(), refused)).toMatchObject({
      status: 'offline',
      cause: 'login-refused',
      login: { version: 'v1', accepted: false },
    });
  });

  it('holds while nobody logs in with other credentials, however well the relay greets', () => {
    const report = reportAfter(
      measured(),
      refused,
      measured({ at: at(2) }),
      measured({ at: at(3) }),
      measured({ at: at(4) }),
    );
    expect(report).toMatchObject({ status: 'offline', cause: 'login-refused' });
  });

  it('holds also after a time in which nobody probed', () => {
    expect(reportAfter(measured(), refused, measured({ at: at(30) }))).toMatchObject({ status: 'offline' });
  });

  it('is over at once when one is accepted', () => {
    const report = reportAfter(measured(), refused, measured({ at: at(2), version: 'v2', login: 'accepted' }));
    expect(report).toMatchObject({ status: 'healthy', factor: 1, recent: ['fast'] });
    expect(report).not.toHaveProperty('cause');
  });
});

describe('a login that is neither accepted nor refused', () => {
  const unclear = (probes: number) => measured({ at: at(probes), login: 'unclear', error: 'auth: 554 5.7.0 no' });

  it('is counted, until one is answered', () => {
    expect(reportAfter(measured({ login: 'accepted' }), unclear(1), measured({ at: at(2) }), unclear(3))).toMatchObject(
      {
        login: { at: start, accepted: true },
        unclearLogin: { version: 'v1', at: at(3), inRow: 2, throttled: false },
      },
    );
    expect(reportAfter(unclear(1), measured({ at: at(2), login: 'accepted' }))).not.toHaveProperty('unclearLogin');
    expect(reportAfter(unclear(1), { ...unclear(2), version: 'v2' })?.unclearLogin).toMatchObject({ inRow: 1 });
  });

  it('is not made good by probes that do not log in', () => {
    const report = reportAfter(unclear(0), unclear(1), unclear(2), measured({ at: at(3) }), measured({ at: at(4) }));
    expect(report).toMatchObject({
      status: 'offline',
      cause: 'unreachable',
      recent: ['failed', 'failed', 'failed'],
      lastError: 'auth: 554 5.7.0 no',
      validUntil: at(4) + 105_000,
    });
  });

  it('for want of patience only is remembered, and says nothing else', () => {
    const busy = { kind: 'untold', at: at(1), error: 'auth: 454 4.7.0 too many', loginVersion: 'v1' } as const;
    const report = reportAfter(measured(), busy, measured({ at: at(2) }));
    expect(report).toMatchObject({
      status: 'healthy',
      recent: ['fast', 'fast'],
      unclearLogin: { version: 'v1', at: at(1), inRow: 1, throttled: true },
    });
  });
});

describe('a token endpoint', () => {
  const noToken = { phasesMs: {}, error: 'credentials: the token endpoint refused with 401: invalid_client' };

  it('that refuses the secret makes the relay offline at once, until it gives a token', () => {
    const refused = measured({ ...noToken, at: at(1), login: 'token-refused' });
    const report = reportAfter(measured({ login: 'accepted' }), refused);
    expect(report).toMatchObject({ status: 'offline', cause: 'login-refused', login: { at: start, accepted: true } });
    expect(reportAfter(measured(), refused, measured({ at: at(2) }))).toMatchObject({ status: 'healthy' });
  });
});

describe('credentials', () => {
  it('that somebody must fill in make the relay offline, and filling them in brings it back at once', () => {
    const missing = { kind: 'unconfigured', at: start, error: 'credentials: not filled in' } as const;
    expect(reportAfter(missing)).toMatchObject({ status: 'offline', cause: 'unconfigured', lastError: missing.error });
    expect(reportAfter(missing, measured({ at: at(1), login: 'accepted' }))).toMatchObject({
      status: 'healthy',
      factor: 1,
    });
  });

  it('that cannot be had for now change nothing, and prolong nothing', () => {
    const before = reportOf({ status: 'degraded', factor: 0.4, recent: ['slow', 'slow'] });
    const untold = { kind: 'untold', at: at(1), error: 'credentials: Secrets Manager did not answer' } as const;
    expect(nextReport(before, untold, settings)).toEqual({ ...before, at: at(1), lastError: untold.error });
  });

  it('that could never be had leave a report that says nothing', () => {
    const report = nextReport(undefined, { kind: 'untold', at: start, error: 'away' }, settings);
    expect(report.validUntil).toBe(start);
  });
});
