import type { Clock } from '../../lib/platform/clock.ts';
import { accept, type Behaviour } from '../relays/behaviour.ts';
import { scripted } from '../relays/rules.ts';

/** Takes its time before it greets; sessions that stand are as fast as ever. */
export const slowToGreet =
  (ms: number): Behaviour =>
  ({ at }) =>
    at === 'connect' ? { kind: 'delay', ms } : accept;

/** Defers each recipient the first time it is seen (RFC 6647). */
export const greylisting = (): Behaviour =>
  scripted([
    { at: 'rcpt', times: 1, action: { kind: 'reply', code: 451, text: '4.7.1 Greylisted, please try again later' } },
  ]);

/** Takes so many mails in any second, and asks for patience beyond that. */
export function rateLimited(perSecond: number, clock: Clock): Behaviour {
  let recent: number[] = [];
  return ({ at }) => {
    if (at !== 'mail') return accept;
    const now = clock.now();
    recent = recent.filter((time) => now - time < 1000);
    if (recent.length >= perSecond) {
      return { kind: 'reply', code: 454, text: '4.7.0 Throttling: too many messages, slow down' };
    }
    recent.push(now);
    return accept;
  };
}
