import { describe, expect, it } from 'vitest';
import type { RelaySettings } from '../../../lib/contracts/sender-environment.ts';
import { freshBreaker, type OpenBreaker } from '../../../lib/health/item.ts';
import { createRelayHealth } from '../../../lib/health/relay-health.ts';
import type { Credentials, CredentialsResult } from '../../../lib/relays/credentials.ts';
import { createRelayDirectory } from '../../../lib/relays/directory.ts';
import { breakerSettings, memoryHealthStore, observations } from '../../support/health.ts';
import { seeded } from '../../support/random.ts';

const { accepted, fault, senderRefused, loginRefused, throttled } = observations;

const settings = (what: Partial<RelaySettings> = {}): RelaySettings => ({
  secretId: 's',
  weight: 1,
  tier: 0,
  maxSessions: 4,
  maxRecipients: 50,
  allowPlaintext: false,
  ...what,
});

const reachable = (relay: string): CredentialsResult => ({
  ok: true,
  settings: { relay, version: 'v1', host: 'h', port: 587, tls: 'starttls', maxSessions: 4 },
});
const unconfigured: CredentialsResult = {
  ok: false,
  unconfigured: true,
  failure: { phase: 'credentials', reused: false, error: { kind: 'unavailable', message: 'no value' } },
};

const tokenless = (refused: boolean, version = 'v1.1'): CredentialsResult => ({
  ok: false,
  unconfigured: false,
  failure: { phase: 'credentials', reused: false, error: { kind: 'unavailable', message: 'no token' } },
  token: { refused, version },
});

function createWorld(relays: Readonly<Record<string, RelaySettings>>) {
  const time = { now: 1_800_000_000_000 };
  const store = memoryHealthStore();
  const secrets = new Map<string, CredentialsResult>();
  const credentials: Credentials = {
    get: async (relay) => secrets.get(relay) ?? reachable(relay),
    refused: async () => 'same',
  };
  let ids = 0;
  const health = createRelayHealth({
    relays,
    store,
    settings: breakerSettings,
    clock: { now: () => time.now },
    random: () => 0,
    newId: () => `id-${++ids}`,
    pause: async () => {},
    currentVersion: async (relay, deadline) => {
      const result = await credentials.get(relay, deadline);
      return result.ok ? result.settings.version : undefined;
    },
    report: () => {},
  });
  const directory = createRelayDirectory({ relays, credentials, health, random: seeded(3) });
  const open = (relay: string, what: Partial<OpenBreaker> = {}): void => {
    const breaker: OpenBreaker = {
      state: 'open',
      reason: 'relay-faults',
      rule: 'r',
      openedAt: time.now - 60_000,
      reopensAt: time.now + 30_000,
      coolDownMs: 60_000,
      rejections: [],
      refusedVersions: [],
      ...what,
    };
    store.items.set(relay, { relay, revision: `open-${++ids}`, changedAt: 0, breaker });
    time.now += 5000;
  };
  const carrier = (mail = 'mail') => ({ mail, leaseEndsAt: time.now + 30_000 });
  return { time, store, secrets, health, directory, open, carrier };
}

const namesOf = ({ relays }: { readonly relays: readonly { readonly relay: string }[] }) =>
  relays.map(({ relay }) => relay);
const two = { primary: settings({ weight: 3 }), second: settings() };

describe('the relays that a mail tries', () => {
  it('are those that may send for its domain, with what each takes', async () => {
    const { directory } = createWorld({
      own: settings({ fromDomains: ['example.com'], maxRecipients: 7 }),
      any: settings({ tier: 1 }),
    });
    expect(await directory.candidates('example.com')).toEqual({
      relays: [
        { relay: 'own', maxRecipients: 7 },
        { relay: 'any', maxRecipients: 50 },
      ],
      eligible: ['own', 'any'],
    });
    expect(await directory.candidates('example.org')).toMatchObject({ eligible: ['any'] });
    expect(await directory.candidates(undefined)).toMatchObject({ eligible: ['any'] });
  });

  it('share the mail by weight and probe factor', async () => {
    const { directory, store } = createWorld(two);
    const probe = { status: 'degraded', factor: 0.4, at: 0, validUntil: Number.MAX_SAFE_INTEGER } as const;
    store.items.set('primary', { relay: 'primary', revision: 'p', changedAt: 0, breaker: freshBreaker, probe });
    const firsts = await Promise.all(Array.from({ length: 10_000 }, () => directory.candidates('a').then(namesOf)));
    const share = firsts.filter(([first]) => first === 'primary').length / firsts.length;
    expect(Math.abs(share - 1.2 / 2.2)).toBeLessThan(0.01);
  });

  it.each(['open', 'draining', 'disabled', 'offline'] as const)('leave out one that is %s', async (how) => {
    const { directory, store, open } = createWorld(two);
    if (how === 'open') open('primary');
    const item = { relay: 'primary', revision: 'p', changedAt: 0, breaker: freshBreaker };
    if (how === 'draining' || how === 'disabled') {
      store.items.set('primary', { ...item, override: { mode: how, setAt: 0 } });
    }
    if (how === 'offline') {
      const probe = { status: 'offline', factor: 0, at: 0, validUntil: Number.MAX_SAFE_INTEGER } as const;
      store.items.set('primary', { ...item, probe });
    }
    const candidates = await directory.candidates('a', { relay: 'primary', stay: true });
    expect(namesOf(candidates)).toEqual(['second']);
    expect(candidates.eligible).toEqual(['primary', 'second']);
  });

  it('are only the one that must send it, and no other relay spends its trial on it', async () => {
    const { directory, open, time, carrier } = createWorld(two);
    open('primary', { reopensAt: time.now });
    const only = await directory.candidates('a', undefined, carrier('bounce'), 'second');
    expect(only).toEqual({ relays: [{ relay: 'second', maxRecipients: 50 }], eligible: ['second'] });
    expect(await directory.candidates('a', undefined, carrier('mail'))).toMatchObject({
      relays: [{ relay: 'primary', trial: true }, { relay: 'second' }],
    });
  });

  it('still take it until they are out; what a throttling one takes was drawn when it was chosen', async () => {
    const { directory, open } = createWorld(two);
    expect(await directory.takesMail('primary')).toBe(true);
    for (let n = 0; n < 5; n += 1) directory.observe('second', throttled);
    expect(await directory.takesMail('second')).toBe(true);
    open('primary');
    expect(await directory.takesMail('primary')).toBe(false);
  });

  it('are none when all are open, until the first may be tried', async () => {
    const { directory, open, time } = createWorld(two);
    const first = time.now + 20_000;
    open('primary', { reopensAt: first + 40_000 });
    open('second', { reopensAt: first });
    expect(await directory.candidates('a')).toEqual({ relays: [], eligible: ['primary', 'second'], reopensAt: first });
  });

  it('are none until the first override ends, when the others stay closed for longer', async () => {
    const { directory, open, store, time } = createWorld(two);
    open('primary', { reopensAt: time.now + 900_000 });
    const override = { mode: 'disabled', setAt: 0, expiresAt: time.now + 20_000 } as const;
    store.items.set('second', { relay: 'second', revision: 's', changedAt: 0, breaker: freshBreaker, override });
    expect(await directory.candidates('a')).toMatchObject({ relays: [], reopensAt: override.expiresAt });
  });

  it('are none for a time nobody knows, when one may be back at any moment', async () => {
    const { directory, open, store, time } = createWorld(two);
    open('primary', { reopensAt: time.now + 900_000 });
    const probe = { status: 'offline', factor: 0, at: 0, validUntil: Number.MAX_SAFE_INTEGER } as const;
    store.items.set('second', { relay: 'second', revision: 's', changedAt: 0, breaker: freshBreaker, probe });
    expect(await directory.candidates('a')).toEqual({ relays: [], eligible: ['primary', 'second'] });
  });
});

describe('a relay that may be tried again', () => {
  const due = (open: ReturnType<typeof createWorld>['open'], time: { now: number }, relay = 'primary') =>
    open(relay, { reopensAt: time.now });

  it('is the first choice of one mail, and of no other', async () => {
    const { directory, open, time, carrier } = createWorld(two);
    due(open, time);
    const orders = await Promise.all(
      ['a', 'b', 'c'].map((mail) => directory.candidates('x', undefined, carrier(mail)).then(namesOf)),
    );
    expect(orders).toEqual([['primary', 'second'], ['second'], ['second']]);
    directory.observe('primary', accepted, { mail: 'a' });
    expect(namesOf(await directory.candidates('x', undefined, carrier('d')))).toContain('primary');
  });

  it('is left to mails that say who they are', async () => {
    const { directory, open, time } = createWorld(two);
    due(open, time);
    expect(namesOf(await directory.candidates('x'))).toEqual(['second']);
  });

  it('is not tried by a mail that is expected elsewhere, or that it failed before', async () => {
    const { directory, open, time, carrier } = createWorld(two);
    due(open, time);
    expect(namesOf(await directory.candidates('x', { relay: 'second', stay: true }, carrier()))).toEqual(['second']);
    expect(namesOf(await directory.candidates('x', { relay: 'primary', stay: false }, carrier()))).toEqual(['second']);
    expect(namesOf(await directory.candidates('x', { relay: 'primary', stay: true }, carrier()))).toEqual([
      'primary',
      'second',
    ]);
  });

  it('is tried even by a mail that it failed when there is no other', async () => {
    const { directory, open, time, carrier } = createWorld({ primary: settings() });
    due(open, time);
    expect(namesOf(await directory.candidates('x', { relay: 'primary', stay: false }, carrier()))).toEqual(['primary']);
  });

  it('is not tried while relays of a better tier are well', async () => {
    const { directory, open, time, carrier } = createWorld({ primary: settings(), fallback: settings({ tier: 1 }) });
    due(open, time, 'fallback');
    expect(namesOf(await directory.candidates('x', undefined, carrier()))).toEqual(['primary']);
    open('primary');
    expect(namesOf(await directory.candidates('x', undefined, carrier()))).toEqual(['fallback']);
  });

  it('is back for a mail that asks for the trial when somebody else has just closed it', async () => {
    const { directory, open, time, store, carrier, health } = createWorld({ primary: settings() });
    due(open, time);
    await health.snapshot();
    store.items.set('primary', { relay: 'primary', revision: 'closed', changedAt: 0, breaker: freshBreaker });
    expect(namesOf(await directory.candidates('x', undefined, carrier()))).toEqual(['primary']);
  });

  it('is tried early when its secret has changed since the login was refused', async () => {
    const { directory, open, secrets, carrier } = createWorld({ primary: settings() });
    open('primary', { reason: 'credentials', refusedVersions: ['v1'] });
    expect(namesOf(await directory.candidates('x', undefined, carrier()))).toEqual([]);
    const renewed = reachable('primary');
    if (renewed.ok) secrets.set('primary', { ok: true, settings: { ...renewed.settings, version: 'v2' } });
    expect(namesOf(await directory.candidates('x', undefined, carrier()))).toEqual(['primary']);
  });
});

describe('what relays show of themselves', () => {
  it('one sender that every relay refuses never opens a breaker', async () => {
    const { directory, health, store } = createWorld(two);
    for (let n = 0; n < 200; n += 1) {
      for (const relay of ['primary', 'second']) {
        directory.observe(relay, senderRefused, { mail: `spam-${n}` });
        if (n % 50 === 0) directory.observe(relay, accepted, { mail: `good-${n}` });
      }
      await health.flush(Number.MAX_SAFE_INTEGER);
    }
    expect(namesOf(await directory.candidates('a'))).toHaveLength(2);
    expect(store.counts.writes).toBe(0);
  });

  it('waits no longer than asked for the verdict about a refused login', async () => {
    const { health } = createWorld(two);
    const refused = () => new Promise<never>(() => {});
    const credentials = { refused, get: async () => unconfigured };
    const directory = createRelayDirectory({ relays: two, credentials, health, random: () => 0 });
    expect(await directory.credentialsRefused('primary', 'v1', 5)).toBe(false);
  });

  it('keeps every version whose login was refused, also the one before the last', async () => {
    const { directory, health, store } = createWorld(two);
    await directory.credentialsRefused('primary', 'v2', 1000);
    directory.observe('primary', loginRefused, { mail: 'm', version: 'v1' });
    await health.flush(Number.MAX_SAFE_INTEGER);
    expect(store.items.get('primary')?.breaker).toMatchObject({ reason: 'credentials', refusedVersions: ['v2', 'v1'] });
  });

  it('does not blame a relay for which there are no credentials', async () => {
    const { directory, health, secrets, store } = createWorld(two);
    secrets.set('primary', unconfigured);
    for (let n = 0; n < 5; n += 1) {
      expect(await directory.connection('primary', 0)).toMatchObject({ ok: false });
      directory.observe('primary', fault, { mail: `m-${n}` });
    }
    await health.flush(Number.MAX_SAFE_INTEGER);
    expect(store.counts.writes).toBe(0);
    secrets.delete('primary');
    await directory.connection('primary', 0);
    for (let n = 0; n < 5; n += 1) directory.observe('primary', fault, { mail: `m-${n}`, version: 'v1' });
    await health.flush(Number.MAX_SAFE_INTEGER);
    expect(store.items.get('primary')?.breaker.state).toBe('open');
  });

  it('blames a relay for what mails with credentials saw, while others have none', async () => {
    const { directory, health, secrets, store } = createWorld(two);
    secrets.set('primary', unconfigured);
    await directory.connection('primary', 0);
    for (let n = 0; n < 5; n += 1) directory.observe('primary', fault, { mail: `m-${n}`, version: 'v1' });
    await health.flush(Number.MAX_SAFE_INTEGER);
    expect(store.items.get('primary')?.breaker.state).toBe('open');
  });

  it('a token endpoint that refuses the secret withholds the relay until there is another secret', async () => {
    const { directory, health, secrets, store, time, carrier } = createWorld({ primary: settings() });
    secrets.set('primary', tokenless(true));
    await directory.connection('primary', 0);
    directory.observe('primary', fault, { mail: 'm' });
    await health.flush(Number.MAX_SAFE_INTEGER);
    expect(store.items.get('primary')?.breaker).toMatchObject({
      state: 'open',
      reason: 'credentials',
      rule: 'token-endpoint-refusal',
      refusedVersions: ['v1'],
      reopensAt: time.now + 30 * 60_000,
    });
    expect(namesOf(await directory.candidates('x', undefined, carrier()))).toEqual([]);
    const renewed = reachable('primary');
    if (renewed.ok) secrets.set('primary', { ok: true, settings: { ...renewed.settings, version: 'v2.1' } });
    expect(namesOf(await directory.candidates('x', undefined, carrier()))).toEqual(['primary']);
  });

  it('a token endpoint that is down counts like a relay that is down', async () => {
    const { directory, health, secrets, store } = createWorld(two);
    secrets.set('primary', tokenless(false));
    for (let n = 0; n < breakerSettings.failureThreshold; n += 1) {
      await directory.connection('primary', 0);
      directory.observe('primary', fault, { mail: `m-${n}` });
    }
    await health.flush(Number.MAX_SAFE_INTEGER);
    expect(store.items.get('primary')?.breaker).toMatchObject({ state: 'open', reason: 'relay-faults' });
  });

  it('gives a throttling relay fewer sessions', async () => {
    const { directory } = createWorld(two);
    directory.observe('primary', throttled);
    expect(await directory.connection('primary', 0)).toMatchObject({ settings: { maxSessions: 2 } });
    expect(await directory.connection('second', 0)).toMatchObject({ settings: { maxSessions: 4 } });
  });
});
