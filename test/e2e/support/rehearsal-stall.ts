import { absorb, type BreakerRules, conclude, lease } from '../../../lib/health/breaker.ts';
import type { Breaker } from '../../../lib/health/item.ts';
import { nothingSeen } from '../../../lib/health/seen.ts';
import { breakerSettings } from '../../support/health.ts';
import type { Rehearsal } from './rehearsal.ts';

const rules: BreakerRules = { settings: breakerSettings, chance: 0.5 };
const rule = 'no answer to MAIL';
/** `smtp.commandSeconds` of a stage, and the lease of a sender whose time-out is three minutes. */
const [commandMs, leaseMs] = [60_000, 190_000];

/**
 * Senders find relays that greet well and then fall silent: the breaker opens, and each trial takes a minute and ends as it
 * began. Once `answers` says so, a trial is answered.
 */
export function stall(rehearsal: Rehearsal, relays: readonly string[], answers: () => boolean): void {
  rehearsal.meanwhile = () => {
    const { now } = rehearsal;
    for (const relay of relays) {
      const item = rehearsal.health.items.get(relay);
      if (item === undefined) continue;
      const breaker = answers() ? recovering(item.breaker, now) : failing(item.breaker, now);
      if (breaker === item.breaker) continue;
      rehearsal.health.items.set(relay, { ...item, breaker, revision: `stall-${now}`, changedAt: now });
    }
  };
}

function failing(breaker: Breaker, now: number): Breaker {
  if (breaker.state === 'closed') {
    return absorb(breaker, { ...nothingSeen, faults: 3, faultAt: now, faultRule: rule }, rules);
  }
  return tried(breaker, now, 'failed');
}

const recovering = (breaker: Breaker, now: number) =>
  breaker.state === 'closed' ? breaker : tried(breaker, now, 'answered');

function tried(breaker: Exclude<Breaker, { state: 'closed' }>, now: number, result: 'failed' | 'answered'): Breaker {
  if (breaker.state === 'open') {
    return lease(breaker, { owner: 'sender', startedAt: now, endsAt: now + leaseMs }, false) ?? breaker;
  }
  const { startedAt } = breaker.trial;
  if (now < startedAt + commandMs) return breaker;
  return conclude(breaker, { owner: 'sender', startedAt, endedAt: now, result, rule }, rules);
}
