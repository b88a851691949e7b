import { describe, expect, it } from 'vitest';
import { freshBreaker, type OpenBreaker, type Override, type ProbeReport } from '../../../lib/health/item.ts';
import { standingOf } from '../../../lib/health/standing.ts';

const now = 1_000_000;
const open = (what: Partial<OpenBreaker> = {}): OpenBreaker => ({
  state: 'open',
  reason: 'relay-faults',
  rule: 'network-fault',
  openedAt: now - 10_000,
  reopensAt: now + 50_000,
  coolDownMs: 60_000,
  rejections: [],
  refusedVersions: [],
  ...what,
});
const trial = { owner: 'other', startedAt: now - 1000, endsAt: now + 9000 };
const probe = (what: Partial<ProbeReport>): ProbeReport => ({
  status: 'healthy',
  factor: 1,
  at: now - 5000,
  validUntil: now + 30_000,
  ...what,
});
const override = (what: Partial<Override>): Override => ({ mode: 'disabled', setAt: now - 5000, ...what });

describe('whether a relay may be given mail', () => {
  it.each([
    ['nothing known', {}, freshBreaker, { kind: 'available', factor: 1 }],
    [
      'degraded',
      { probe: probe({ status: 'degraded', factor: 0.4 }) },
      freshBreaker,
      { kind: 'available', factor: 0.4 },
    ],
    ['offline', { probe: probe({ status: 'offline', factor: 0 }) }, freshBreaker, { kind: 'out', why: 'offline' }],
    [
      'an old probe',
      { probe: probe({ status: 'offline', validUntil: now }) },
      freshBreaker,
      { kind: 'available', factor: 1 },
    ],
    ['disabled', { override: override({}) }, freshBreaker, { kind: 'out', why: 'disabled', reopensAt: now + 60_000 }],
    [
      'disabled for days: the override may be lifted at any moment',
      { override: override({ expiresAt: now + 3 * 86_400_000 }) },
      freshBreaker,
      { kind: 'out', why: 'disabled', reopensAt: now + 60_000 },
    ],
    [
      'draining',
      { override: override({ mode: 'draining', expiresAt: now + 1 }) },
      freshBreaker,
      { kind: 'out', why: 'draining', reopensAt: now + 1 },
    ],
    ['an expired override', { override: override({ expiresAt: now }) }, freshBreaker, { kind: 'available', factor: 1 }],
    ['enabled', { override: override({ mode: 'enabled' }) }, freshBreaker, { kind: 'available', factor: 1 }],
    ['open', {}, open(), { kind: 'out', why: 'open', reopensAt: now + 50_000 }],
    ['cooled down', {}, open({ reopensAt: now - 100 }), { kind: 'due', early: false }],
    ['cooled down, a moment ago', {}, open({ reopensAt: now - 99 }), { kind: 'out', why: 'open', reopensAt: now - 99 }],
    [
      'a trial elsewhere',
      {},
      { ...open(), state: 'half-open', trial },
      { kind: 'out', why: 'on-trial', reopensAt: now + 10_000 },
    ],
    [
      'a dead trial',
      {},
      { ...open(), state: 'half-open', trial: { ...trial, endsAt: now - 5000 } },
      { kind: 'due', early: false },
    ],
    [
      'a refused login',
      {},
      open({ reason: 'credentials', reopensAt: now + 1e6 }),
      { kind: 'out', why: 'open', reopensAt: now + 60_000 },
    ],
    [
      'cooled down, but offline',
      { probe: probe({ status: 'offline' }) },
      open({ reopensAt: 0 }),
      { kind: 'out', why: 'offline' },
    ],
  ] as const)('%s', (_, item, breaker, expected) => {
    expect(standingOf(item, breaker, now, 100)).toEqual(expected);
  });
});
