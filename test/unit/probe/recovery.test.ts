import { describe, expect, it } from 'vitest';
import { type Breaker, freshBreaker, type ProbeReport } from '../../../lib/health/item.ts';
import { isLoginDue } from '../../../lib/probe/login.ts';
import { closedByProbe } from '../../../lib/probe/recovery.ts';
import type { Measured } from '../../../lib/probe/report.ts';
import { breakerSettings } from '../../support/health.ts';
import { failed, itemOf, measured, openBreaker, reportOf, start } from './probe-factory.ts';

const rules = { settings: breakerSettings, chance: 0 };
const seconds = (s: number) => start + s * 1000;

function closed(breaker: Breaker, result: Measured, report: Partial<ProbeReport> = {}): boolean {
  const evidence = { result, report: reportOf(report), now: result.at + 50, intervalMs: 15_000, owner: 'run' };
  const after = closedByProbe(breaker, evidence, rules);
  expect(after === breaker || after.state === 'closed').toBe(true);
  return after.state === 'closed';
}

describe('a breaker that relay faults opened', () => {
  const breaker = openBreaker();
  const well = { recent: ['failed', 'fast', 'fast'], failedAt: seconds(5) } as const;

  it('is closed before its time by two good probes, when probes had seen the outage', () => {
    expect(closed(breaker, measured({ at: seconds(20) }), well)).toBe(true);
  });

  it('stays open after one good probe, which may have been luck', () => {
    expect(closed(breaker, measured({ at: seconds(20) }), { ...well, recent: ['failed', 'fast'] })).toBe(false);
  });

  it('stays open after a failed probe', () => {
    expect(closed(breaker, failed(seconds(20)), well)).toBe(false);
  });

  it('is left to a mail’s trial when probes never saw the fault', () => {
    const blind = { recent: ['fast', 'fast', 'fast'] } as const;
    expect(closed(breaker, measured({ at: seconds(20) }), blind)).toBe(false);
    expect(closed(breaker, measured({ at: seconds(61) }), blind)).toBe(false);
  });

  it('is closed all the same when no mail took the trial that was due', () => {
    expect(closed(breaker, measured({ at: seconds(76) }), { recent: ['fast', 'fast'] })).toBe(true);
  });

  const trial = { owner: 'mail', startedAt: seconds(60), endsAt: seconds(120) };
  const halfOpen = { ...breaker, state: 'half-open', trial } as const;

  it('stays with the mail that is trying', () => {
    expect(closed(halfOpen, measured({ at: seconds(70) }), well)).toBe(false);
  });

  it('does not wait for a holder of the trial that may be dead, once both good probes began after it', () => {
    expect(closed(halfOpen, measured({ at: seconds(74) }), well)).toBe(false);
    expect(closed(halfOpen, measured({ at: seconds(75) }), well)).toBe(true);
  });

  it('is left to the next mail when the holder of the trial died and probes never saw the fault', () => {
    const blind = { recent: ['fast', 'fast', 'fast'] } as const;
    expect(closed(halfOpen, measured({ at: seconds(130) }), blind)).toBe(false);
    expect(closed(halfOpen, measured({ at: seconds(140) }), blind)).toBe(true);
  });

  it('stays open when it opened after the probe had begun', () => {
    expect(closed(openBreaker({ openedAt: seconds(21) }), measured({ at: seconds(20) }), well)).toBe(false);
  });
});

describe('a breaker that a refused login opened', () => {
  const breaker = openBreaker({ reason: 'credentials', refusedVersions: ['v1'] });

  it('is closed by a login that is accepted, and by nothing else', () => {
    const report = { recent: ['fast', 'fast'], failedAt: seconds(5) } as const;
    expect(closed(breaker, measured({ at: seconds(20) }), report)).toBe(false);
    const accepted = measured({ at: seconds(20), version: 'v2', login: 'accepted' });
    expect(closed(breaker, accepted, report)).toBe(true);
    const trial = { owner: 'mail', startedAt: seconds(10), endsAt: seconds(70) };
    expect(closed({ ...breaker, state: 'half-open', trial }, accepted, report)).toBe(true);
  });
});

it('a breaker that refused mails opened is no matter of probes', () => {
  const breaker = openBreaker({ reason: 'message-rejections' });
  const report = { recent: ['fast', 'fast'], failedAt: seconds(5) } as const;
  expect(closed(breaker, measured({ at: seconds(300), login: 'accepted' }), report)).toBe(false);
});

describe('a login is due', () => {
  const hour = 3_600_000;
  const half = 30 * 60_000;
  const unclear = (inRow: number) => reportOf({ unclearLogin: { version: 'v1', at: start, inRow, throttled: false } });
  const login = (version: string, accepted: boolean, at = start) => reportOf({ login: { version, at, accepted } });

  it.each<[string, boolean, Parameters<typeof isLoginDue>]>([
    ['when nobody ever did', true, [undefined, 'v1', start, hour]],
    ['not when it was accepted lately', false, [itemOf({ probe: login('v1', true) }), 'v1', seconds(3599), hour]],
    ['once an interval has passed', true, [itemOf({ probe: login('v1', true) }), 'v1', seconds(3600), hour]],
    ['for a new secret version', true, [itemOf({ probe: login('v1', true) }), 'v2', seconds(1), hour]],
    ['not after a refusal', false, [itemOf({ probe: login('v1', false) }), 'v1', start + half - 1, 60_000]],
    [
      'half an hour after a refusal, however long the interval',
      true,
      [itemOf({ probe: login('v1', false) }), 'v1', start + half, 24 * hour],
    ],
    ['not a minute after an unclear answer', false, [itemOf({ probe: unclear(1) }), 'v1', seconds(59), hour]],
    ['a minute after an unclear answer', true, [itemOf({ probe: unclear(1) }), 'v1', seconds(60), hour]],
    ['not two minutes after a third one', false, [itemOf({ probe: unclear(3) }), 'v1', seconds(239), hour]],
    ['four minutes after a third one', true, [itemOf({ probe: unclear(3) }), 'v1', seconds(240), hour]],
    ['not earlier after many', false, [itemOf({ probe: unclear(50) }), 'v1', start + half - 1, hour]],
    ['half an hour after many', true, [itemOf({ probe: unclear(50) }), 'v1', start + half, hour]],
    ['for a new version after an unclear answer', true, [itemOf({ probe: unclear(50) }), 'v2', seconds(1), hour]],
    [
      'not when the retry of a refused login was unclear',
      false,
      [itemOf({ probe: { ...login('v1', false, start - half), ...unclear(1) } }), 'v1', seconds(15), hour],
    ],
    [
      'when an operator has reset the breaker since an unclear answer',
      true,
      [itemOf({ probe: unclear(9), breaker: { ...freshBreaker, closedAt: seconds(5) } }), 'v1', seconds(6), hour],
    ],
    ['half an hour after a refusal', true, [itemOf({ probe: login('v1', false) }), 'v1', start + half, 60_000]],
    ['for a new version after a refusal', true, [itemOf({ probe: login('v1', false) }), 'v2', seconds(1), hour]],
    [
      'when an operator has reset the breaker since',
      true,
      [
        itemOf({ probe: login('v1', false), breaker: { ...freshBreaker, closedAt: seconds(5) } }),
        'v1',
        seconds(6),
        hour,
      ],
    ],
    [
      'not with a version that a mail saw refused',
      false,
      [
        itemOf({
          probe: login('v1', true, start - 2 * hour),
          breaker: openBreaker({ reason: 'credentials', refusedVersions: ['v1'], reopensAt: seconds(1800) }),
        }),
        'v1',
        seconds(1799),
        hour,
      ],
    ],
    [
      'when that refusal has had its time',
      true,
      [
        itemOf({
          probe: login('v1', true),
          breaker: openBreaker({ reason: 'credentials', refusedVersions: ['v1'], reopensAt: seconds(1800) }),
        }),
        'v1',
        seconds(1800),
        hour,
      ],
    ],
    [
      'not when it was refused once more then',
      false,
      [
        itemOf({
          probe: login('v1', false, seconds(1801)),
          breaker: openBreaker({ reason: 'credentials', refusedVersions: ['v1'], reopensAt: seconds(1800) }),
        }),
        'v1',
        seconds(1816),
        hour,
      ],
    ],
  ])('%s', (_, due, args) => {
    expect(isLoginDue(...args)).toBe(due);
  });
});
