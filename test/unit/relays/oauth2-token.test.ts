import { describe, expect, it, vi } from 'vitest';
import { type CredentialsResult, createCredentials } from '../../../lib/relays/credentials.ts';
import type { TokenAnswer, TokenRequest } from '../../../lib/relays/oauth2.ts';
import { createFakeSecrets, createGate, createManualClock, relaySecretOf } from '../../support/credentials.ts';

const hour = 3_600_000;
const secretWith = (clientSecret: string) =>
  relaySecretOf({
    username: undefined,
    password: undefined,
    oauth2: { tokenUrl: 'https://login.example.net/t', clientId: 'client', clientSecret, user: 'shop@example.com' },
  });

function setUp(...texts: string[]) {
  const secrets = createFakeSecrets(...texts);
  const clock = createManualClock();
  let issued = 0;
  const fetchToken = vi.fn(async (_request: TokenRequest): Promise<TokenAnswer> => {
    issued += 1;
    return { ok: true, accessToken: `token-${issued}`, lifetimeMs: hour };
  });
  const credentials = createCredentials({
    secrets,
    relays: { m365: { secretId: 'postroom/m365', allowPlaintext: false, maxSessions: 1 } },
    clock,
    random: () => 0.5,
    fetchToken,
  });
  const get = (patienceMs = 10_000) => credentials.get('m365', clock.now() + patienceMs);
  return { secrets, clock, fetchToken, credentials, get };
}

const down: TokenAnswer = { ok: false, rejected: false, message: 'the token endpoint answered 503' };
const rejected: TokenAnswer = {
  ok: false,
  rejected: true,
  message: 'the token endpoint refused with 401: invalid_client',
};

function loginOf(result: CredentialsResult) {
  if (!result.ok) return result.failure.error?.message;
  const { version, auth } = result.settings;
  return `${version} ${auth?.kind === 'token' ? `${auth.user} ${auth.accessToken}` : auth?.kind}`;
}

describe('an access token', () => {
  it('is fetched once, for all who want it, and kept until shortly before its end', async () => {
    const { get, clock, fetchToken } = setUp(secretWith('one'));

    const results = await Promise.all([get(), get(), get()]);
    expect(results.map(loginOf)).toEqual(Array(3).fill('v1.1 shop@example.com token-1'));
    clock.advance(hour - 4 * 60_000);
    await get();
    expect(fetchToken).toHaveBeenCalledTimes(1);

    clock.advance(2 * 60_000);
    expect(loginOf(await get())).toBe('v1.2 shop@example.com token-2');
  });

  it('that is being renewed serves the others meanwhile', async () => {
    const { get, clock, fetchToken } = setUp(secretWith('one'));
    await get();
    const gate = createGate();
    fetchToken.mockImplementationOnce(async () => {
      await gate.opened;
      return { ok: true, accessToken: 'renewed', lifetimeMs: hour };
    });
    clock.advance(hour - 2 * 60_000);

    const first = get();
    expect(loginOf(await get())).toBe('v1.1 shop@example.com token-1');
    gate.open();
    expect(loginOf(await first)).toBe('v1.2 shop@example.com renewed');
  });

  it('that nears its end serves on while the endpoint is down, and no longer than it lives', async () => {
    const { get, clock, fetchToken } = setUp(secretWith('one'));
    await get();
    fetchToken.mockResolvedValue(down);

    clock.advance(hour - 2 * 60_000);
    expect(loginOf(await get())).toBe('v1.1 shop@example.com token-1');
    clock.advance(2 * 60_000);
    expect(await get()).toMatchObject({ ok: false, unconfigured: false, failure: { phase: 'credentials' } });
  });

  it('is not asked for with every mail while the endpoint is down', async () => {
    const { get, clock, fetchToken } = setUp(secretWith('one'));
    fetchToken.mockResolvedValueOnce(down);

    for (let mail = 0; mail < 20; mail += 1) expect(loginOf(await get())).toBe(down.message);
    expect(fetchToken).toHaveBeenCalledTimes(1);

    clock.advance(5_000);
    expect(loginOf(await get())).toBe('v1.1 shop@example.com token-1');
  });

  it('is asked for ever more rarely while the endpoint is down, every two minutes in the end', async () => {
    const { get, clock, fetchToken } = setUp(secretWith('one'));
    fetchToken.mockResolvedValue(down);
    const fetchedAt: number[] = [];

    for (let second = 0; second < 3600; second += 1) {
      const before = fetchToken.mock.calls.length;
      expect(await get()).toMatchObject({ ok: false, token: { refused: false, version: 'v1.1' } });
      if (fetchToken.mock.calls.length > before) fetchedAt.push(second);
      clock.advance(1000);
    }
    const pauses = fetchedAt.slice(1).map((at, index) => at - (fetchedAt[index] ?? 0));
    expect(pauses.slice(0, 6)).toEqual([4, 8, 15, 30, 60, 90]);
    expect(pauses.at(-1)).toBe(90);

    fetchToken.mockResolvedValueOnce({ ok: true, accessToken: 'late', lifetimeMs: 1000 });
    clock.advance(120_000);
    expect(loginOf(await get())).toContain('late');
    clock.advance(1000);
    await get();
    clock.advance(4000);
    const calls = fetchToken.mock.calls.length;
    await get();
    expect(fetchToken).toHaveBeenCalledTimes(calls + 1);
  });

  it('is awaited no longer than the caller has time', async () => {
    const { get, fetchToken } = setUp(secretWith('one'));
    const gate = createGate();
    fetchToken.mockImplementationOnce(async () => {
      await gate.opened;
      return { ok: true, accessToken: 'late', lifetimeMs: hour };
    });

    expect(loginOf(await get(1))).toBe('the token endpoint took too long');
    gate.open();
    expect(loginOf(await get())).toBe('v1.1 shop@example.com late');
  });
});

describe('a refused token', () => {
  it('is fetched anew once, and a second refusal ends in the same credentials', async () => {
    const { get, credentials, fetchToken } = setUp(secretWith('one'));
    await get();

    const verdicts = await Promise.all(Array.from({ length: 20 }, () => credentials.refused('m365', 'v1.1')));
    expect(new Set(verdicts)).toEqual(new Set(['newer']));
    expect(loginOf(await get())).toBe('v1.2 shop@example.com token-2');

    expect(await credentials.refused('m365', 'v1.2')).toBe('same');
    expect(fetchToken).toHaveBeenCalledTimes(2);
  });

  it('of an outdated secret gives way to the new secret', async () => {
    const { get, secrets, credentials } = setUp(secretWith('one'));
    await get();
    secrets.put(secretWith('two'));

    expect(await credentials.refused('m365', 'v1.1')).toBe('newer');
    expect(loginOf(await get())).toBe('v2.1 shop@example.com token-2');
  });
});

describe('a token endpoint that rejects the client', () => {
  it('makes the secret be read again, and the new one be used for the same mail', async () => {
    const { get, secrets, fetchToken } = setUp(secretWith('one'));
    fetchToken.mockImplementationOnce(async () => {
      secrets.put(secretWith('two'));
      return rejected;
    });

    expect(loginOf(await get())).toBe('v2.1 shop@example.com token-1');
    expect(fetchToken.mock.calls.map(([request]) => request.clientSecret)).toEqual(['one', 'two']);
  });

  it('is asked with neither the current secret nor the previous one more often than every few minutes', async () => {
    const { get, secrets, clock, fetchToken } = setUp(secretWith('one'), secretWith('two'));
    fetchToken.mockResolvedValue(rejected);

    for (let second = 0; second < 3600; second += 1) {
      expect(await get()).toMatchObject({ ok: false, token: { refused: true } });
      clock.advance(1000);
    }
    const asked = (secret: string) => fetchToken.mock.calls.filter(([{ clientSecret }]) => clientSecret === secret);
    expect(asked('one').length).toBeLessThan(20);
    expect(asked('two').length).toBeLessThan(20);

    secrets.put(secretWith('three'));
    fetchToken.mockResolvedValue({ ok: true, accessToken: 'good', lifetimeMs: hour });
    clock.advance(10_000);
    expect(loginOf(await get())).toContain('v3.1');
  });

  it('is believed when there is no other secret, at the cost of one call', async () => {
    const { get, secrets, fetchToken } = setUp(secretWith('one'));
    fetchToken.mockResolvedValue(rejected);

    for (let mail = 0; mail < 20; mail += 1) {
      expect(await get()).toMatchObject({
        ok: false,
        unconfigured: false,
        failure: { error: { message: rejected.message } },
      });
    }
    expect(fetchToken).toHaveBeenCalledTimes(1);
    expect(secrets.reads).toEqual(['AWSCURRENT', 'AWSCURRENT', 'AWSPREVIOUS']);
  });
});
