import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { freshBreaker, type OpenBreaker, type RelayHealthItem } from '../../../lib/health/item.ts';
import { describeBreaker, describeOverride, describeProbe, describeStanding } from '../../../ops/relay/words.ts';

const now = 1_800_000_000_000;
const minute = 60_000;

const open: OpenBreaker = {
  state: 'open',
  reason: 'relay-faults',
  rule: 'connection refused',
  openedAt: now - 20_000,
  reopensAt: now + 40_000,
  coolDownMs: 60_000,
  rejections: [],
  refusedVersions: [],
};

const item = (parts: Partial<RelayHealthItem>): RelayHealthItem => ({
  relay: 'primary',
  revision: 'r',
  changedAt: now,
  breaker: freshBreaker,
  ...parts,
});

const offline = { status: 'offline', factor: 0, at: now - 8000, validUntil: now + minute } as const;

describe('what senders do with a relay', () => {
  it.each([
    ['nothing is known of it', undefined, 'gets mail'],
    ['it is slow', item({ probe: { ...offline, status: 'degraded', factor: 0.4 } }), 'gets mail, its weight × 0.4'],
    ['its breaker is open', item({ breaker: open }), 'gets no mail: its breaker is open'],
    ['its cool-down is over', item({ breaker: { ...open, reopensAt: now } }), 'one mail may try it'],
    [
      'probes cannot reach it',
      item({ probe: { ...offline, cause: 'unreachable' } }),
      'gets no mail: probes find it offline',
    ],
    [
      'it has no secret',
      item({ probe: { ...offline, cause: 'unconfigured' } }),
      'gets no mail: its secret cannot be used',
    ],
    ['somebody drains it', item({ override: { mode: 'draining', setAt: now } }), 'gets no mail: draining'],
    [
      'the override has ended',
      item({ override: { mode: 'disabled', setAt: now - minute, expiresAt: now - 1 } }),
      'gets mail',
    ],
  ])('when %s', (_when, known, words) => {
    expect(stripVTControlCharacters(describeStanding(known, now))).toBe(words);
  });
});

describe('parts of the health item in words', () => {
  it('tell why a breaker is open and until when', () => {
    expect(describeBreaker(open, now)).toBe('open since 20s ago: it failed (connection refused); next trial in 40s');
    expect(describeBreaker({ ...freshBreaker, faults: 2 }, now)).toBe('closed, 2 faults in a row');
  });

  it('tell an override with its reason and its end', () => {
    const override = { mode: 'disabled', setAt: now - minute, reason: 'moving', expiresAt: now + 2 * minute } as const;
    expect(describeOverride(override, now)).toBe('disabled for another 2m: moving (set 60s ago)');
    expect(describeOverride({ mode: 'draining', setAt: now }, now)).toContain('until somebody enables it');
    expect(describeOverride({ mode: 'enabled', setAt: now }, now)).toBe('none');
  });

  it('keep what relays say from the terminal', () => {
    expect(describeProbe({ ...offline, lastError: 'greeting: 554 \u001b[2Jgone' }, now)).toBe(
      'offline, 8s ago: greeting: 554 \ufffd[2Jgone',
    );
  });

  it('do not give an error as the reason why a relay is healthy', () => {
    const healthy = { ...offline, status: 'healthy', lastError: 'connect: ECONNREFUSED' } as const;
    expect(describeProbe(healthy, now)).toBe('healthy, 8s ago; last error: connect: ECONNREFUSED');
  });
});
