import { describe, expect, it } from 'vitest';
import { accept } from '../../../local/relays/behaviour.ts';
import { type FaultProfile, faultAt, randomFaults } from '../../../local/relays/faults.ts';
import { decide, type RelayRule, scripted } from '../../../local/relays/rules.ts';

const greylist: RelayRule = {
  at: 'rcpt',
  recipient: 'ada',
  times: 1,
  action: { kind: 'reply', code: 451, text: '4.7.1 Greylisted' },
};
const profile: FaultProfile = { defer: 0.1, refuse: 0.1, dropBefore: 0.1, dropAfterTaken: 0.1, dropAfterLost: 0.1 };

describe('scripted rules', () => {
  it('act a number of times for each recipient on its own', () => {
    const behaviour = scripted([greylist]);
    const at = (recipient: string) => behaviour({ at: 'rcpt', recipient }).kind;
    expect([at('ada@a.example'), at('ada@b.example'), at('ada@a.example')]).toEqual(['reply', 'reply', 'accept']);
  });

  it('leave other moments and other people alone', () => {
    const never = () => 0;
    expect(decide([greylist], never, { at: 'rcpt', recipient: 'ada.b@a.example' }).action).toBe(accept);
    expect(decide([greylist], never, { at: 'mail', from: 'ada@a.example' }).action).toBe(accept);
  });

  it('match a transaction by any of its recipients, or by its subject', () => {
    const rules: RelayRule[] = [
      { at: 'final', recipient: 'ada', action: { kind: 'drop', taken: true } },
      { at: 'final', subject: 'pills', action: { kind: 'reply', code: 554, text: '5.7.1 Spam' } },
    ];
    const final = (recipients: string[], subject: string) =>
      decide(rules, () => 0, { at: 'final', recipients, subject }).action.kind;
    expect(final(['bob@x.example', 'ada@x.example'], 'pills')).toBe('drop');
    expect(final(['bob@x.example'], 'Cheap pills')).toBe('reply');
    expect(final(['bob@x.example'], 'Receipt')).toBe('accept');
  });
});

describe('random faults', () => {
  it.each([
    { x: 0.05, rcpt: 451, data: 'drop', final: { kind: 'drop', taken: true } },
    { x: 0.15, rcpt: 550, data: 'accept', final: { kind: 'drop', taken: false } },
    { x: 0.25, rcpt: undefined, data: 'accept', final: accept },
  ])('follow the profile at $x', ({ x, rcpt, data, final }) => {
    const reply = faultAt(profile, { at: 'rcpt', recipient: 'a@x.example' }, x);
    expect(reply.kind === 'reply' ? reply.code : undefined).toBe(rcpt);
    expect(faultAt(profile, { at: 'data', recipients: [] }, x).kind).toBe(data);
    expect(faultAt(profile, { at: 'final', recipients: [], subject: '' }, x)).toEqual(final);
  });

  it('repeat for the same seed however sessions interleave', () => {
    const names = Array.from({ length: 500 }, (_, index) => `user${index}@example.org`);
    const outcomes = (order: readonly string[], seed: number) => {
      const behaviour = randomFaults(profile, seed);
      return new Map(order.map((recipient) => [recipient, behaviour({ at: 'rcpt', recipient }).kind]));
    };
    const forwards = outcomes(names, 7);
    expect(new Map([...outcomes([...names].reverse(), 7)].sort())).toEqual(new Map([...forwards].sort()));
    expect(outcomes(names, 8)).not.toEqual(forwards);
    const faults = [...forwards.values()].filter((kind) => kind === 'reply').length;
    expect(faults).toBeGreaterThan(60);
    expect(faults).toBeLessThan(140);
  });

  it('draw anew for each try', () => {
    const behaviour = randomFaults({ ...profile, defer: 0.5 }, 1);
    const kinds = Array.from({ length: 40 }, () => behaviour({ at: 'rcpt', recipient: 'a@x.example' }).kind);
    expect(new Set(kinds)).toEqual(new Set(['reply', 'accept']));
  });
});
