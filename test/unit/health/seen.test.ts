import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followedBy, nothingSeen, reported, seenOnce } from '../../../lib/health/seen.ts';
import { observations } from '../../support/health.ts';

const { accepted, fault, doubt, messageRefused, messageDeferred, loginRefused } = observations;
const { recipientRefused, recipientDeferred, senderRefused, throttled, sessionLost } = observations;

/** Observations a second apart, each of another mail. */
const sequence = (...list: (typeof observations)[keyof typeof observations][]) =>
  list
    .map((observation, index) => seenOnce(observation, { at: (index + 1) * 1000, mail: `mail-${index}` }))
    .reduce(followedBy, nothingSeen);

describe('what an environment saw', () => {
  it.each([
    ['a relay fault', fault],
    ['a doubt', doubt],
  ])('%s counts', (_, observation) => {
    expect(sequence(observation, observation)).toMatchObject({ faults: 2, faultAt: 2000, aliveAt: 0 });
  });

  it.each([
    ['acceptance', accepted],
    ['a refused recipient', recipientRefused],
    ['a deferred recipient', recipientDeferred],
    ['a refused sender', senderRefused],
    ['a refused message', messageRefused],
    ['a deferred message', messageDeferred],
  ])('%s ends a streak of faults', (_, observation) => {
    expect(sequence(fault, fault, observation, fault)).toMatchObject({ faults: 1, aliveAt: 3000 });
  });

  it.each([
    ['throttling', throttled],
    ['a lost session', sessionLost],
  ])('%s tells nothing', (_, observation) => {
    expect(sequence(observation)).toEqual(nothingSeen);
    expect(sequence(fault, observation, fault)).toMatchObject({ faults: 2 });
  });

  it('collects the mails that were refused for their content, each once, until one is accepted', () => {
    expect(sequence(messageRefused, recipientRefused, messageRefused).rejections).toEqual(['mail-0', 'mail-2']);
    expect(sequence(messageRefused, accepted, messageRefused).rejections).toEqual(['mail-2']);
    const sameMail = seenOnce(messageRefused, { at: 1, mail: 'one' });
    expect(followedBy(sameMail, sameMail).rejections).toEqual(['one']);
  });

  it('keeps every version of the credentials that was refused', () => {
    const first = seenOnce(loginRefused, { at: 1, versions: ['v1'] });
    const second = seenOnce(loginRefused, { at: 2, versions: ['v1', 'v2'] });
    expect(followedBy(first, second).refusal).toEqual({ at: 2, rule: 'login-refused', versions: ['v1', 'v2'] });
    expect(followedBy(first, second).faults).toBe(0);
  });

  it('remembers only the last good sign once it is reported', () => {
    expect(reported(sequence(accepted, messageRefused, fault))).toEqual({
      ...nothingSeen,
      acceptedAt: 1000,
      aliveAt: 2000,
    });
  });

  it('can be put together in any grouping', () => {
    const kinds = Object.values(observations);
    const once = fc
      .tuple(fc.constantFrom(...kinds), fc.constantFrom('a', 'b', 'c'))
      .map(([observation, mail]) => ({ observation, mail }));
    fc.assert(
      fc.property(fc.array(once, { minLength: 1, maxLength: 12 }), fc.nat(), fc.nat(), (list, one, other) => {
        const all = list.map(({ observation, mail }, index) =>
          seenOnce(observation, { at: index + 1, mail, versions: [mail] }),
        );
        const [from, to] = [one % (all.length + 1), other % (all.length + 1)].toSorted((a, b) => a - b);
        const fold = (part: typeof all) => part.reduce(followedBy, nothingSeen);
        const grouped = followedBy(
          fold(all.slice(0, from)),
          followedBy(fold(all.slice(from, to)), fold(all.slice(to))),
        );
        expect(grouped).toEqual(fold(all));
      }),
    );
  });
});
