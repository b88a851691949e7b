import { describe, expect, it } from 'vitest';
import type { RelayHealthItem } from '../../../lib/health/item.ts';
import { type Demand, demandOf, type Fleet, pauseReason } from '../../../lib/probe/intake.ts';
import { itemOf, openBreaker, reportOf, start } from './probe-factory.ts';

const soonMs = 15_000;
const now = start + 30_000;
const trial = { owner: 'm', startedAt: now, endsAt: now + 60_000 };
const refused = openBreaker({ reason: 'credentials', refusedVersions: ['v1'], reopensAt: now + 1_800_000 });

const relays = {
  unknown: undefined,
  well: itemOf({ probe: reportOf() }),
  slow: itemOf({ probe: reportOf({ status: 'degraded', factor: 0.4 }) }),
  offline: itemOf({ probe: reportOf({ status: 'offline', factor: 0, cause: 'unreachable' }) }),
  unconfigured: itemOf({ probe: reportOf({ status: 'offline', factor: 0, cause: 'unconfigured' }) }),
  disabled: itemOf({ override: { mode: 'disabled', setAt: 0 } }),
  draining: itemOf({ override: { mode: 'draining', setAt: 0 } }),
  'not disabled any more': itemOf({ override: { mode: 'disabled', setAt: 0, expiresAt: now } }),
  open: itemOf({ breaker: openBreaker({ reopensAt: now + soonMs }) }),
  'open for a moment': itemOf({ breaker: openBreaker({ reopensAt: now + soonMs - 1 }) }),
  due: itemOf({ breaker: openBreaker({ reopensAt: now }), probe: reportOf() }),
  'due and failing': itemOf({ breaker: openBreaker({ reopensAt: now }), probe: reportOf({ recent: ['failed'] }) }),
  'on trial': itemOf({ breaker: { ...openBreaker(), state: 'half-open', trial } }),
  refused: itemOf({ breaker: refused, probe: reportOf({ version: 'v1' }) }),
  'refused, new secret': itemOf({ breaker: refused, probe: reportOf({ version: 'v2' }) }),
  unread: 'unread',
} as const satisfies Record<string, RelayHealthItem | undefined | 'unread'>;

type Known = keyof typeof relays;
const fleet = (...names: Known[]): Fleet => new Map(names.map((name) => [name, relays[name]]));

describe('demand for mail', () => {
  it.each<[Known, Demand]>([
    ['unknown', 'some-relay'],
    ['well', 'some-relay'],
    ['slow', 'some-relay'],
    ['offline', 'no-relay'],
    ['unconfigured', 'no-relay'],
    ['disabled', 'no-relay'],
    ['draining', 'no-relay'],
    ['not disabled any more', 'some-relay'],
    ['open', 'no-relay'],
    ['open for a moment', 'unclear'],
    ['due', 'some-relay'],
    ['due and failing', 'no-relay'],
    ['on trial', 'unclear'],
    ['refused', 'no-relay'],
    ['refused, new secret', 'some-relay'],
    ['unread', 'unclear'],
  ])('with one relay that is %s: %s', (name, demand) => {
    expect(demandOf(fleet(name), now, soonMs)).toBe(demand);
  });

  it.each<[Known[], Demand]>([
    [['offline', 'open', 'unconfigured', 'disabled', 'refused'], 'no-relay'],
    [['offline', 'open', 'well'], 'some-relay'],
    [['offline', 'unread'], 'unclear'],
    [['unread', 'due'], 'some-relay'],
  ])('with %s: %s', (names, demand) => {
    expect(demandOf(fleet(...names), now, soonMs)).toBe(demand);
  });
});

it('the reason of a pause names each relay and why it takes no mail', () => {
  expect(pauseReason(fleet('offline', 'open', 'unconfigured', 'draining', 'due and failing'), now)).toBe(
    'no relay can take mail: offline is unreachable, open is open, unconfigured is unconfigured, ' +
      'draining is draining, due and failing is due',
  );
});
