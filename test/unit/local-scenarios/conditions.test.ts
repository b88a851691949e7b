import { describe, expect, it } from 'vitest';
import {
  breakerClosed,
  breakerNeverOpened,
  everyMailOnce,
  isClosed,
  isIdle,
  noAttemptCharged,
  shareOf,
  tookSince,
} from '../../../local/scenarios/conditions.ts';
import { endOf, fateOf, item, openBreaker, viewOf } from './factories.ts';

const arrival = (relay: string, at: number) => ({ relay, recipient: `r${at}@scenario.example`, at });

describe('every mail once', () => {
  it.each([
    ['arrived', [fateOf()], 0, true],
    ['arrived twice after a doubt', [fateOf({ takenBy: ['primary', 'primary'], doubts: 1, attempts: 2 })], 0, true],
    ['arrived twice without a doubt', [fateOf({ takenBy: ['primary', 'fallback'] })], 0, false],
    ['did not arrive', [fateOf(), fateOf({ takenBy: [] })], 0, false],
    ['was dead-lettered', [fateOf()], 1, false],
  ])('when one %s: %#', (_, fates, deadLetters, holds) => {
    expect(everyMailOnce.holds(endOf({ fates, deadLetters }))).toBe(holds);
  });
});

describe('no attempt charged', () => {
  it.each([
    ['the delivery', fateOf(), true],
    ['a doubt', fateOf({ attempts: 2, doubts: 1 }), true],
    ['anything else', fateOf({ attempts: 2 }), false],
    ['nothing, as when it was never sent', fateOf({ attempts: 0 }), false],
  ])('but for %s', (_, fate, holds) => {
    expect(noAttemptCharged.holds(endOf({ fates: [fate] }))).toBe(holds);
  });
});

describe('breakers', () => {
  it('are closed when nobody wrote about the relay', () => {
    const health = new Map([['primary', item({ breaker: openBreaker })]]);
    expect(isClosed(viewOf({ health }), 'primary')).toBe(false);
    expect(isClosed(viewOf({ health }), 'fallback')).toBe(true);
    expect(breakerClosed('primary').holds(endOf({ view: viewOf({ health }) }))).toBe(false);
  });

  it('that opened once count, though they are closed in the end', () => {
    expect(breakerNeverOpened.holds(endOf({ view: viewOf({ logged: () => 1 }) }))).toBe(false);
    expect(breakerNeverOpened.holds(endOf())).toBe(true);
  });
});

describe('arrivals', () => {
  const view = viewOf({
    arrivals: [arrival('primary', 5), arrival('primary', 10), arrival('fallback', 15), arrival('fallback', 20)],
    times: new Map([
      ['first', 10],
      ['second', 20],
    ]),
  });

  it('are counted from one step to another', () => {
    expect(shareOf(view, 'primary', 'first', 'second')).toBe(0.5);
    expect(tookSince(view, 'fallback', 'first', 2)).toBe(true);
    expect(tookSince(view, 'primary', 'first', 2)).toBe(false);
  });

  it('since a step that did not happen are none', () => {
    expect(tookSince(view, 'primary', 'never', 1)).toBe(false);
  });

  it('are awaited before the system is idle', () => {
    expect(isIdle(viewOf({ published: 1 }))).toBe(false);
    expect(isIdle(viewOf({ published: 1, arrivals: [arrival('primary', 1)] }))).toBe(true);
    expect(isIdle(viewOf({ published: 1, arrivals: [arrival('primary', 1)], queued: 1 }))).toBe(false);
  });
});
