import { freshBreaker, type OpenBreaker, type RelayHealthItem } from '../../../lib/health/item.ts';
import type { End, Fate, View } from '../../../local/scenarios/scenario.ts';

export const item = (parts: Partial<RelayHealthItem> = {}): RelayHealthItem => ({
  relay: 'primary',
  revision: 'r',
  changedAt: 0,
  breaker: freshBreaker,
  ...parts,
});

export const openBreaker: OpenBreaker = {
  state: 'open',
  reason: 'relay-faults',
  rule: 'refused',
  openedAt: 0,
  reopensAt: 60_000,
  coolDownMs: 60_000,
  rejections: [],
  refusedVersions: [],
};

export const viewOf = (parts: Partial<View> = {}): View => ({
  now: 0,
  published: 0,
  queued: 0,
  arrivals: [],
  health: new Map(),
  times: new Map(),
  logged: () => 0,
  ...parts,
});

/** Delivered with its first attempt. */
export const fateOf = (parts: Partial<Fate> = {}): Fate => ({
  recipient: 'reader@scenario.example',
  takenBy: ['primary'],
  attempts: 1,
  doubts: 0,
  ...parts,
});

export const endOf = (parts: Partial<End> = {}): End => ({
  view: viewOf(),
  fates: [fateOf()],
  deadLetters: 0,
  ...parts,
});
