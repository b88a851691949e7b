import {
  breakerClosed,
  breakerNeverOpened,
  everyMailOnce,
  isClosed,
  isIdle,
  noAttemptCharged,
  promise,
  took,
  tookSince,
} from './conditions.ts';
import type { Scenario, Step } from './scenario.ts';
import { config } from './small-stage.ts';

export const relayOutage: Scenario = {
  watch: 'how all mail goes through fallback within a second or two, and how primary comes back by itself',
  ends: 'both relays take mail again; every mail arrived once, and none was charged an attempt',
  config,
  mailsPerSecond: 10,
  steps: [
    {
      name: 'down',
      says: 'primary goes down: its port is closed, its sessions are dropped',
      lookSeconds: 5,
      once: (view) => took(view, 'primary', 10),
      does: { kind: 'go-down', relay: 'primary' },
    },
    {
      name: 'open',
      says: 'the breaker of primary is open: nobody tries it any more but for one mail per cool-down',
      once: (view) => !isClosed(view, 'primary'),
    },
    {
      name: 'up',
      says: 'primary is back',
      lookSeconds: 15,
      once: (view) => tookSince(view, 'fallback', 'open', 20),
      does: { kind: 'come-back', relay: 'primary' },
    },
    {
      name: 'over',
      says: 'primary carries its share again',
      once: (view) => isClosed(view, 'primary') && tookSince(view, 'primary', 'up', 20),
    },
  ],
  promises: [breakerClosed('primary'), everyMailOnce, noAttemptCharged],
};

const away = (name: string): Step => ({
  name,
  says: 'primary goes down',
  lookSeconds: 4,
  does: { kind: 'go-down', relay: 'primary' },
});
const back = (name: string): Step => ({
  name,
  says: 'primary is back',
  lookSeconds: 4,
  once: (view) => view.logged('relay.fault', 'primary') > 0,
  does: { kind: 'come-back', relay: 'primary' },
});

export const flapping: Scenario = {
  watch: 'how few mails meet primary while it comes and goes, and how mail never waits for it',
  ends: 'primary, which stays up in the end, takes mail again; every mail arrived once, and none was charged an attempt',
  config,
  mailsPerSecond: 10,
  steps: [
    { ...away('down-1'), once: (view) => took(view, 'primary', 10) },
    back('up-1'),
    away('down-2'),
    back('up-2'),
    away('down-3'),
    { ...back('stays'), says: 'primary is back, to stay' },
    {
      name: 'over',
      says: 'primary carries its share again',
      once: (view) => isClosed(view, 'primary') && tookSince(view, 'primary', 'stays', 20),
    },
  ],
  promises: [breakerClosed('primary'), everyMailOnce, noAttemptCharged],
};

const burst = (name: string): Step => ({
  name,
  says: 'six mails are published',
  lookSeconds: 2,
  does: { kind: 'publish', mails: 6 },
});
const dropped = (relay: string, name: string): Step => ({
  name,
  says: `${relay} drops its idle sessions while the sender is frozen`,
  lookSeconds: 2,
  once: isIdle,
  does: { kind: 'drop-sessions', relay },
});

export const staleConnections: Scenario = {
  watch: 'how the first mail after a pause goes out although the sender’s sessions have died in its sleep',
  ends: 'every mail arrived once with its first attempt, and nothing is held against the relays',
  config,
  mailsPerSecond: 0,
  steps: [1, 2, 3].flatMap((round) => [
    burst(`burst-${round}`),
    dropped('primary', `primary-${round}`),
    dropped('fallback', `fallback-${round}`),
    ...(round === 3 ? [burst('last'), { name: 'over', says: 'all have arrived', once: isIdle }] : []),
  ]),
  promises: [
    everyMailOnce,
    noAttemptCharged,
    promise('no fault was seen', ({ view }) => view.logged('relay.fault') === 0),
    breakerNeverOpened,
  ],
};
