import { describe, expect, it } from 'vitest';
import {
  absorb,
  type BreakerRules,
  conclude,
  dueAt,
  type EndedTrial,
  isRelief,
  lease,
} from '../../../lib/health/breaker.ts';
import { type Breaker, freshBreaker, type HalfOpenBreaker, type OpenBreaker } from '../../../lib/health/item.ts';
import { nothingSeen, type Seen } from '../../../lib/health/seen.ts';
import { breakerSettings } from '../../support/health.ts';

const at = 1_000_000;
const minutes = 60_000;
const rules: BreakerRules = { settings: breakerSettings, chance: 0 };

const saw = (what: Partial<Seen>): Seen => ({ ...nothingSeen, ...what });
const faults = (count: number, faultAt = at) => saw({ faults: count, faultAt, faultRule: 'network-fault' });
const refused = (mails: string[], rejectedAt = at) => saw({ rejections: mails, rejectedAt, aliveAt: rejectedAt });
const loginRefused = (...versions: string[]) => saw({ refusal: { at, rule: 'login-refused', versions } });

const open = (what: Partial<OpenBreaker> = {}): OpenBreaker => ({
  state: 'open',
  reason: 'relay-faults',
  rule: 'network-fault',
  openedAt: at,
  reopensAt: at + 60_000,
  coolDownMs: 60_000,
  rejections: [],
  refusedVersions: [],
  ...what,
});
const halfOpen = (what: Partial<HalfOpenBreaker> = {}): HalfOpenBreaker => ({
  ...open(),
  state: 'half-open',
  trial: { owner: 'me', startedAt: at + 61_000, endsAt: at + 200_000 },
  ...what,
});
const ended = (what: Partial<EndedTrial>): EndedTrial => ({
  owner: 'me',
  startedAt: at + 61_000,
  endedAt: at + 62_000,
  result: 'answered',
  rule: '',
  ...what,
});

describe('a closed breaker', () => {
  it('opens at the threshold of consecutive faults, whoever saw them', () => {
    expect(absorb(freshBreaker, faults(2), rules)).toMatchObject({ state: 'closed', faults: 2, faultAt: at });
    expect(absorb({ ...freshBreaker, faults: 2, faultAt: at - 5 }, faults(1), rules)).toEqual(open());
    expect(absorb(freshBreaker, faults(30), rules)).toEqual(open());
  });

  it('starts the streak anew when this environment had an answer after its last fault', () => {
    const streak = { ...freshBreaker, faults: 2, faultAt: at - 5 };
    expect(absorb(streak, { ...faults(1), aliveAt: at - 1 }, rules)).toMatchObject({ state: 'closed', faults: 1 });
    expect(absorb(streak, { ...faults(1), aliveAt: at - 6 }, rules)).toMatchObject({ state: 'open' });
  });

  it('forgets the streak after an answer, and that can wait', () => {
    const streak: Breaker = { ...freshBreaker, faults: 2, faultAt: at - 5 };
    const after = absorb(streak, saw({ aliveAt: at }), rules);
    expect(after).toMatchObject({ faults: 0 });
    expect(isRelief(streak, after)).toBe(true);
    expect(isRelief(streak, absorb(streak, { ...faults(1), aliveAt: at - 1 }, rules))).toBe(false);
  });

  it('opens after content refusals of that many different mails with no acceptance between', () => {
    const three = absorb(freshBreaker, refused(['a', 'b', 'c']), rules);
    expect(three).toMatchObject({ state: 'closed', rejections: ['a', 'b', 'c'] });
    expect(absorb(three, refused(['a', 'c'], at + 1), rules)).toMatchObject({ state: 'closed' });
    expect(absorb(three, refused(['d'], at + 1), rules)).toMatchObject({
      state: 'open',
      reason: 'message-rejections',
      openedAt: at + 1,
      rejections: ['a', 'b', 'c', 'd'],
    });
    expect(absorb(three, { ...refused(['d'], at + 9), acceptedAt: at + 5 }, rules)).toMatchObject({
      state: 'closed',
      rejections: ['d'],
    });
  });

  it('opens at the first refused login, for half an hour', () => {
    expect(absorb(freshBreaker, loginRefused('v1', 'v0'), rules)).toEqual(
      open({
        reason: 'credentials',
        rule: 'login-refused',
        coolDownMs: 30 * minutes,
        reopensAt: at + 30 * minutes,
        refusedVersions: ['v1', 'v0'],
      }),
    );
  });

  it('does not change when there is nothing new', () => {
    const streak = { ...freshBreaker, faults: 1, faultAt: at, rejections: ['a'], rejectedAt: at };
    for (const seen of [nothingSeen, saw({ aliveAt: at - 1, acceptedAt: at - 1 })]) {
      expect(absorb(streak, seen, rules)).toBe(streak);
    }
    expect(absorb(freshBreaker, saw({ aliveAt: at, acceptedAt: at }), rules)).toBe(freshBreaker);
  });

  it('leaves aside what was seen before it closed', () => {
    const closed = { ...freshBreaker, closedAt: at };
    for (const seen of [faults(9, at - 1), refused(['a', 'b', 'c', 'd'], at - 1)]) {
      expect(absorb(closed, seen, rules)).toBe(closed);
    }
    expect(absorb({ ...closed, closedAt: at + 1 }, loginRefused('v1'), rules)).toMatchObject({ state: 'closed' });
  });

  it('makes cool-downs longer by a random share', () => {
    expect(absorb(freshBreaker, faults(3), { ...rules, chance: 0.5 })).toMatchObject({ reopensAt: at + 63_000 });
  });
});

describe('an open breaker', () => {
  it('stays as it is, whatever mails on their way find', () => {
    for (const breaker of [open(), halfOpen()]) {
      for (const seen of [faults(5), refused(['a']), saw({ aliveAt: at, acceptedAt: at })]) {
        expect(absorb(breaker, seen, rules)).toBe(breaker);
      }
    }
  });

  it('takes the reason of a refused login, and versions that it did not know of', () => {
    expect(absorb(open(), loginRefused('v1'), rules)).toMatchObject({ reason: 'credentials', refusedVersions: ['v1'] });
    const locked = open({ reason: 'credentials', refusedVersions: ['v1'] });
    expect(absorb(locked, loginRefused('v1'), rules)).toBe(locked);
    expect(absorb(locked, loginRefused('v2'), rules)).toMatchObject({ refusedVersions: ['v1', 'v2'] });
    expect(absorb(halfOpen(), loginRefused('v1'), rules)).toMatchObject({ state: 'half-open' });
  });

  it('leases a trial after the cool-down', () => {
    const trial = { owner: 'me', startedAt: at + 60_000, endsAt: at + 90_000 };
    expect(lease(open(), trial, false)).toEqual({ ...open(), state: 'half-open', trial });
    expect(lease(open(), { ...trial, startedAt: at + 59_999 }, false)).toBeUndefined();
    expect(lease(freshBreaker, trial, false)).toBeUndefined();
  });

  it('leases an early trial only when it waits for another secret', () => {
    const trial = { owner: 'me', startedAt: at + 1, endsAt: at + 90_000 };
    expect(lease(open(), trial, true)).toBeUndefined();
    expect(lease(open({ reason: 'credentials' }), trial, true)).toMatchObject({ state: 'half-open' });
    expect(lease(open({ reason: 'credentials', notBefore: at + 1 }), trial, true)).toMatchObject({
      state: 'half-open',
    });
    expect(lease(open({ reason: 'credentials', notBefore: at + 2 }), trial, true)).toBeUndefined();
    expect(lease(halfOpen({ reason: 'credentials' }), trial, true)).toBeUndefined();
  });
});

describe('a half-open breaker', () => {
  it('is nobody else’s until the lease has ended on any clock', () => {
    const trial = (startedAt: number) => ({ owner: 'other', startedAt, endsAt: startedAt + 1 });
    expect(dueAt(halfOpen())).toBe(at + 204_000);
    expect(lease(halfOpen(), trial(at + 203_999), false)).toBeUndefined();
    expect(lease(halfOpen(), trial(at + 204_000), false)).toMatchObject({ trial: { owner: 'other' } });
  });

  it('closes on any answer about the mail', () => {
    expect(conclude(halfOpen(), ended({}), rules)).toEqual({ ...freshBreaker, closedAt: at + 62_000 });
  });

  it('opens again on a fault, with doubled cool-down up to the maximum', () => {
    const failed = ended({ result: 'failed', rule: 'network-fault' });
    const coolDowns = [halfOpen(), halfOpen({ coolDownMs: 480_000 }), halfOpen({ coolDownMs: 900_000 })].map(
      (breaker) => conclude(breaker, failed, rules),
    );
    expect(coolDowns).toMatchObject([{ coolDownMs: 120_000 }, { coolDownMs: 900_000 }, { coolDownMs: 900_000 }]);
    expect(coolDowns[0]).toMatchObject({ state: 'open', openedAt: at + 62_000, reopensAt: at + 182_000 });
  });

  it('does not double the half hour of a refused login', () => {
    const locked = halfOpen({ reason: 'credentials', coolDownMs: 30 * minutes, refusedVersions: ['v1'] });
    const failed = conclude(locked, ended({ result: 'failed' }), rules);
    expect(failed).toMatchObject({ reason: 'relay-faults', coolDownMs: 60_000 });
    expect(absorb(failed, loginRefused('v2'), rules)).toMatchObject({ reason: 'credentials', refusedVersions: ['v2'] });
  });

  it('opens again at the next refused mail when it closed on a refused one', () => {
    const before = halfOpen({ reason: 'message-rejections', rejections: ['a', 'b', 'c', 'd'] });
    const closed = conclude(before, ended({ result: 'rejected' }), rules);
    expect(closed).toMatchObject({ state: 'closed', rejections: ['a', 'b'] });
    const withTrial = absorb(closed, refused(['trial'], at + 62_000), rules);
    expect(withTrial).toMatchObject({ state: 'closed' });
    expect(absorb(withTrial, refused(['next'], at + 63_000), rules)).toMatchObject({ state: 'open' });
    expect(absorb(withTrial, saw({ aliveAt: at + 63_000, acceptedAt: at + 63_000 }), rules)).toMatchObject({
      rejections: [],
    });
  });

  it('opens again, not worse than before, when the mail was not sent', () => {
    const { trial: _, ...rest } = halfOpen();
    expect(conclude(halfOpen(), ended({ result: 'unspent' }), rules)).toEqual({
      ...rest,
      state: 'open',
      reopensAt: at + 67_000,
      notBefore: at + 67_000,
      unspentTrials: 1,
    });
  });

  it('waits longer with each trial in a row that told nothing, also for one with a new secret', () => {
    let breaker: Breaker = open({ reason: 'credentials', reopensAt: at + 30 * minutes });
    const leases: number[] = [];
    for (let startedAt = at; startedAt < at + 5 * minutes; startedAt += 1000) {
      const leased = lease(breaker, { owner: 'me', startedAt, endsAt: startedAt + minutes }, true);
      if (leased === undefined) continue;
      leases.push((startedAt - at) / 1000);
      breaker = conclude(leased, ended({ startedAt, endedAt: startedAt, result: 'unspent' }), rules);
    }
    expect(leases).toEqual([0, 5, 15, 35, 75, 135, 195, 255]);
    expect(breaker).toMatchObject({ reopensAt: at + 30 * minutes });
  });

  it('leaves aside a trial after which others have found out more', () => {
    const openedAt = at + 90_000;
    const newerTrial = { owner: 'other', startedAt: openedAt + 60_000, endsAt: openedAt + 61_000 };
    for (const result of ['answered', 'rejected', 'failed', 'unspent'] as const) {
      for (const breaker of [freshBreaker, open({ openedAt }), halfOpen({ openedAt, trial: newerTrial })]) {
        expect(conclude(breaker, ended({ result }), rules)).toBe(breaker);
      }
    }
  });

  it('learns from a trial that outlived its lease, as long as the one that overtook it has told nothing', () => {
    const overtaken = halfOpen({ trial: { owner: 'other', startedAt: at + 130_000, endsAt: at + 190_000 } });
    const endedAt = at + 150_000;
    expect(conclude(overtaken, ended({ endedAt }), rules)).toEqual({ ...freshBreaker, closedAt: endedAt });
    expect(conclude(overtaken, ended({ endedAt, result: 'failed' }), rules)).toMatchObject({ coolDownMs: 120_000 });
    expect(conclude(overtaken, ended({ endedAt, result: 'unspent' }), rules)).toBe(overtaken);
  });

  it('takes a trial without a lease as evidence when nobody has found out more since', () => {
    expect(conclude(open(), ended({ owner: 'alone' }), rules)).toMatchObject({ state: 'closed' });
    expect(conclude(open(), ended({ owner: 'alone', result: 'failed' }), rules)).toMatchObject({ coolDownMs: 120_000 });
    const breaker = open();
    expect(conclude(breaker, ended({ owner: 'alone', result: 'unspent' }), rules)).toBe(breaker);
  });
});
