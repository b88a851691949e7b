import type { OpenReason, RelayHealthItem } from '../../lib/health/item.ts';
import { systemClock } from '../../lib/platform/clock.ts';
import { greylisting, rateLimited, slowToGreet } from './behaviours.ts';
import {
  arrivals,
  breakerClosed,
  breakerNeverOpened,
  everyMailOnce,
  isClosed,
  noAttemptCharged,
  promise,
  shareOf,
  took,
  tookSince,
} from './conditions.ts';
import type { Scenario } from './scenario.ts';
import { config } from './small-stage.ts';

export const slowRelay: Scenario = {
  watch: 'how probes find primary slow (npm run relay -- list), and how the mail shifts to fallback',
  ends: 'primary is degraded and gets about two mails of seven instead of every other; no breaker opened',
  config,
  mailsPerSecond: 20,
  steps: [
    {
      name: 'slow',
      says: 'primary takes 0.8 s to greet from now on',
      lookSeconds: 5,
      once: (view) => took(view, 'primary', 20),
      does: { kind: 'behave', relay: 'primary', behaviour: () => slowToGreet(800) },
    },
    {
      name: 'degraded',
      says: 'probes call primary degraded: its weight counts × 0.4',
      once: (view) => view.health.get('primary')?.probe?.status === 'degraded',
    },
    {
      name: 'known',
      says: 'by now every sender knows it; from here the mails are counted',
      once: ({ now, times }) => now - (times.get('degraded') ?? now) >= 6000,
    },
    { name: 'over', says: 'that is enough to see the shift', once: (view) => arrivals(view, 'known').length >= 200 },
  ],
  promises: [
    promise('primary is degraded', ({ view }) => view.health.get('primary')?.probe?.factor === 0.4),
    // 0.4 / 1.4 is 29%; of 200 mails, chance puts one run in a thousand beyond these.
    promise('primary took 19 to 40% of the mails', ({ view }) =>
      within(shareOf(view, 'primary', 'known', 'over'), 0.19, 0.4),
    ),
    breakerNeverOpened,
    everyMailOnce,
    noAttemptCharged,
  ],
};

export const badCredentials: Scenario = {
  watch: 'how primary is left alone after one refused login, and how it is back within a minute of its new secret',
  ends: 'the breaker that the refused login opened is closed by the new secret alone; every mail arrived once',
  config,
  mailsPerSecond: 10,
  steps: [
    {
      name: 'changed',
      says: 'primary has a new password, and its secret does not know it',
      lookSeconds: 5,
      once: (view) => took(view, 'primary', 10),
      does: { kind: 'change-password', relay: 'primary' },
    },
    {
      name: 'open',
      says: 'primary refused the login: its breaker is open for half an hour, unless the secret changes',
      once: ({ health }) => openReason(health.get('primary')) === 'credentials',
    },
    {
      name: 'filled-in',
      says: 'the secret of primary gets the new password',
      lookSeconds: 8,
      does: { kind: 'fill-in-secret', relay: 'primary' },
    },
    {
      name: 'over',
      says: 'primary takes mail again, and nobody reset its breaker',
      once: (view) => isClosed(view, 'primary') && tookSince(view, 'primary', 'filled-in', 10),
    },
  ],
  promises: [breakerClosed('primary'), everyMailOnce, noAttemptCharged],
};

export const greylist: Scenario = {
  watch: 'how each mail is deferred once and delivered a few seconds later, by the relay that deferred it',
  ends: 'every mail was charged two attempts and arrived once; no breaker opened',
  config,
  // Greylisted at one relay and sent to the other, a mail would be greylisted again.
  behaviours: { primary: greylisting, fallback: greylisting },
  mailsPerSecond: 5,
  steps: [{ name: 'over', says: 'forty mails have met the greylist', once: ({ published }) => published >= 40 }],
  promises: [
    everyMailOnce,
    promise('every mail was charged two attempts', ({ fates }) =>
      fates.every(({ attempts, doubts }) => attempts === 2 + doubts),
    ),
    breakerNeverOpened,
  ],
};

export const throttle: Scenario = {
  watch: 'how the sender gives primary less when it asks for patience, instead of calling it ill',
  ends: 'primary takes what it allows and fallback the rest; no breaker opened, and no mail was charged an attempt',
  config,
  mailsPerSecond: 20,
  steps: [
    {
      name: 'limited',
      says: 'primary takes four mails a second from now on, and asks for patience beyond that',
      lookSeconds: 5,
      once: (view) => took(view, 'primary', 20),
      does: { kind: 'behave', relay: 'primary', behaviour: () => rateLimited(4, systemClock) },
    },
    {
      name: 'slowed',
      says: 'primary was told to slow down; the sender does',
      once: ({ logged }) => logged('relay.throttled', 'primary') > 0,
    },
    {
      name: 'over',
      says: 'that is enough to see who takes what',
      once: (view) => arrivals(view, 'slowed').length >= 200,
    },
  ],
  promises: [
    promise('primary still takes mail', ({ view }) => tookSince(view, 'primary', 'slowed', 10)),
    promise('fallback takes the larger part', ({ view }) => shareOf(view, 'fallback', 'slowed', 'over') > 0.5),
    breakerNeverOpened,
    everyMailOnce,
    noAttemptCharged,
  ],
};

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function openReason(item: RelayHealthItem | undefined): OpenReason | undefined {
  const { breaker } = item ?? {};
  return breaker === undefined || breaker.state === 'closed' ? undefined : breaker.reason;
}
