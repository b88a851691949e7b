import { describe, expect, it } from 'vitest';
import { classify } from '../../../lib/outcome/classify.ts';
import { accept, type Moment } from '../../../local/relays/behaviour.ts';
import { greylisting, rateLimited, slowToGreet } from '../../../local/scenarios/behaviours.ts';

const mail: Moment = { at: 'mail', from: 'shop@example.com' };

describe('a relay with a rate limit', () => {
  it('takes so many mails in any second, and what it says to others is understood as throttling', () => {
    let now = 0;
    const behaviour = rateLimited(2, { now: () => now });
    const actions = [0, 100, 200, 999, 1000, 1050, 1101].map((at) => {
      now = at;
      return behaviour(mail);
    });
    expect(actions.map(({ kind }) => kind)).toEqual([
      'accept',
      'accept',
      'reply',
      'reply',
      'accept',
      'reply',
      'accept',
    ]);
    const refusal = actions[2];
    if (refusal?.kind !== 'reply') throw new Error('no reply');
    const reply = { code: refusal.code, text: refusal.text };
    expect(classify({ phase: 'mail', reused: false, reply }).scope).toBe('throttle');
  });
});

describe('a greylisting relay', () => {
  it('defers each recipient once', () => {
    const behaviour = greylisting();
    const rcpt = (recipient: string) => behaviour({ at: 'rcpt', recipient });
    expect(rcpt('ada@example.org')).toMatchObject({ kind: 'reply', code: 451 });
    expect(rcpt('bob@example.org')).toMatchObject({ kind: 'reply', code: 451 });
    expect(rcpt('ada@example.org')).toEqual(accept);
  });
});

describe('a relay that is slow to greet', () => {
  it('is slow at nothing else', () => {
    expect(slowToGreet(800)({ at: 'connect' })).toEqual({ kind: 'delay', ms: 800 });
    expect(slowToGreet(800)(mail)).toEqual(accept);
  });
});
