import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type CredentialsResult, createCredentials } from '../../../lib/relays/credentials.ts';
import { createFakeSecrets, createGate, createManualClock, relaySecretOf } from '../../support/credentials.ts';

const ttlMs = 45_000;
const one = relaySecretOf({ password: 'one' });
const two = relaySecretOf({ password: 'two' });
const three = relaySecretOf({ password: 'three' });

function setUp(...texts: string[]) {
  const secrets = createFakeSecrets(...texts);
  const clock = createManualClock();
  const events: string[] = [];
  const credentials = createCredentials({
    secrets,
    relays: { primary: { secretId: 'postroom/primary', allowPlaintext: false, maxSessions: 3 } },
    clock,
    random: () => 0.5,
    fetchToken: () => Promise.reject(new Error('no relay here has OAuth 2.0')),
    observer: {
      secretRead: (_relay, result, reason) => events.push(reason === undefined ? result : `${result}: ${reason}`),
      tokenFetched: () => undefined,
      loginRefused: (_relay, verdict) => events.push(`refused, ${verdict}`),
    },
  });
  const get = (patienceMs = 10_000) => credentials.get('primary', clock.now() + patienceMs);
  return { secrets, clock, events, credentials, get };
}

const versionOf = (result: CredentialsResult) => (result.ok ? result.settings.version : result.failure.error?.message);

afterEach(() => {
  vi.useRealTimers();
});

describe('a configured relay', () => {
  it('is reached as its secret says', async () => {
    const { get } = setUp(
      relaySecretOf({ authMethod: 'LOGIN', ehloName: 'mail.example.com', port: 465, tls: 'implicit' }),
    );

    expect(await get()).toEqual({
      ok: true,
      settings: {
        relay: 'primary',
        version: 'v1',
        maxSessions: 3,
        host: 'smtp.example.net',
        port: 465,
        tls: 'implicit',
        auth: { kind: 'password', username: 'postroom', password: 'p4ss-one', method: 'LOGIN' },
        ehloName: 'mail.example.com',
      },
    });
  });

  it('costs one read until the time to live has passed', async () => {
    const { get, secrets, clock } = setUp(one);

    await Promise.all([get(), get(), get()]);
    clock.advance(ttlMs * 0.8);
    await get();
    expect(secrets.reads).toHaveLength(1);

    clock.advance(ttlMs * 0.2);
    await get();
    expect(secrets.reads).toHaveLength(2);
  });

  it('uses a new version within a minute, whatever the jitter', async () => {
    const { get, secrets, clock } = setUp(one);
    await get();
    secrets.put(two);

    clock.advance(60_000);

    const results = await Promise.all([get(), get()]);
    expect(results.map(versionOf)).toEqual(['v2', 'v2']);
  });

  it('goes on with the old value for others while the first caller waits for the new one', async () => {
    const { get, secrets, clock } = setUp(one);
    await get();
    secrets.put(two);
    const gate = createGate();
    secrets.gate = gate.opened;
    clock.advance(ttlMs);

    const first = get();
    expect(versionOf(await get())).toBe('v1');
    gate.open();
    expect(versionOf(await first)).toBe('v2');
  });

  it('that slept through its time to live makes every caller wait', async () => {
    const { get, secrets, clock } = setUp(one);
    await get();
    secrets.put(two);
    const gate = createGate();
    secrets.gate = gate.opened;
    clock.advance(3_600_000);

    const results = Promise.all([get(), get()]);
    gate.open();
    expect((await results).map(versionOf)).toEqual(['v2', 'v2']);
  });

  it.each([
    ['Secrets Manager is away', { kind: 'away', reason: 'throttled' }, 'away: throttled'],
    ['permission is lost', { kind: 'denied', reason: 'no permission' }, 'unusable: no permission'],
  ] as const)('stays in use while %s, for hours', async (_name, answer, event) => {
    const { get, secrets, clock, events } = setUp(one);
    await get();
    secrets.answer = answer;

    for (let hours = 0; hours < 5; hours += 1) {
      clock.advance(3_600_000);
      expect(versionOf(await get())).toBe('v1');
    }

    expect(events).toEqual(['changed', ...Array(5).fill(event)]);
    expect(secrets.reads).toHaveLength(6);
  });

  it.each([
    ['malformed', relaySecretOf({ port: 'none' }), /^unusable: the secret is not valid: port/],
    ['a placeholder', '{}', /^unusable: the secret is not filled in/],
  ])('stays in use when its new version is %s, and says so', async (_name, text, event) => {
    const { get, secrets, clock, events } = setUp(one);
    await get();
    secrets.put(text);
    clock.advance(60_000);

    expect(versionOf(await get())).toBe('v1');
    expect(events.at(-1)).toMatch(event);

    secrets.put(two);
    clock.advance(10_000);
    expect(versionOf(await get())).toBe('v3');
  });

  it('ends with the deletion of its secret', async () => {
    const { get, secrets, clock } = setUp(one);
    await get();
    secrets.answer = { kind: 'missing', reason: 'the secret is marked for deletion' };
    clock.advance(60_000);

    expect(await get()).toMatchObject({ ok: false, unconfigured: true });
  });

  it('waits no longer for Secrets Manager than the caller has time, and then uses what it knows', async () => {
    const { get, secrets, clock } = setUp(one);
    await get();
    vi.useFakeTimers();
    secrets.gate = new Promise(() => undefined);
    clock.advance(3_600_000);

    const result = get(300);
    await vi.advanceTimersByTimeAsync(300);
    expect(versionOf(await result)).toBe('v1');
  });

  it('survives a read that never ends', async () => {
    const { get, secrets, clock, events } = setUp(one);
    await get();
    vi.useFakeTimers();
    secrets.gate = new Promise(() => undefined);
    clock.advance(3_600_000);
    const result = get(60_000);
    await vi.advanceTimersByTimeAsync(5_000);
    await result;
    expect(events.at(-1)).toBe('away: Secrets Manager did not answer in time');

    secrets.gate = undefined;
    secrets.put(two);
    clock.advance(10_000);
    expect(versionOf(await get())).toBe('v2');
  });
});

describe('an unconfigured relay', () => {
  it.each([
    ['has no value', [], /no value yet/],
    ['is a placeholder', ['{"host":"<host>"}'], /not filled in: host is a placeholder/],
    ['is malformed', [relaySecretOf({ tls: 'maybe' })], /not valid: tls must be/],
  ])('says why when its secret %s, and works soon after that is mended', async (_name, texts, reason) => {
    const { get, secrets, clock } = setUp(...texts);

    const result = await get();
    expect(result).toMatchObject({
      ok: false,
      unconfigured: true,
      failure: {
        phase: 'credentials',
        reused: false,
        error: { kind: 'unavailable', message: expect.stringMatching(reason) },
      },
    });

    secrets.put(one);
    clock.advance(10_000);
    expect((await get()).ok).toBe(true);
  });

  it('is not asked about with every mail', async () => {
    const { get, secrets } = setUp();

    for (let mail = 0; mail < 20; mail += 1) await get();

    expect(secrets.reads).toHaveLength(1);
  });

  it('is not what an outage at the start makes of a relay', async () => {
    const { get, secrets } = setUp(one);
    secrets.answer = { kind: 'away', reason: 'throttled' };

    expect(await get()).toMatchObject({ ok: false, unconfigured: false, failure: { error: { message: 'throttled' } } });
  });

  it('is one that the stage config does not know', async () => {
    const { credentials, clock } = setUp(one);

    expect(await credentials.get('typo', clock.now() + 1)).toMatchObject({ ok: false, unconfigured: true });
    expect(await credentials.refused('typo', 'v1')).toBe('same');
  });
});

describe('a refused login', () => {
  it('finds the newer version at once', async () => {
    const { get, secrets, credentials } = setUp(one);
    await get();
    secrets.put(two);

    expect(await credentials.refused('primary', 'v1')).toBe('newer');
    expect(versionOf(await get())).toBe('v2');
    expect(secrets.reads).toHaveLength(2);
  });

  it('asks once however many mails were refused, together or one after the other', async () => {
    const { get, secrets, credentials, clock } = setUp(one);
    await get();

    const together = await Promise.all(Array.from({ length: 50 }, () => credentials.refused('primary', 'v1')));
    expect(new Set(together)).toEqual(new Set(['same']));
    clock.advance(9_000);
    expect(await credentials.refused('primary', 'v1')).toBe('same');
    expect(secrets.reads).toEqual(['AWSCURRENT', 'AWSCURRENT', 'AWSPREVIOUS']);

    secrets.put(two);
    clock.advance(1_000);
    expect(await credentials.refused('primary', 'v1')).toBe('newer');
  });

  it('tells latecomers what the first one found, without asking', async () => {
    const { get, secrets, credentials } = setUp(one);
    await get();
    secrets.put(two);
    await credentials.refused('primary', 'v1');
    await get();

    expect(await credentials.refused('primary', 'v1')).toBe('newer');
    expect(secrets.reads).toHaveLength(2);
  });

  it('keeps other mails from the refused version while it is being judged', async () => {
    const { get, secrets, credentials } = setUp(one);
    await get();
    secrets.put(two);
    const gate = createGate();
    secrets.gate = gate.opened;

    const verdict = credentials.refused('primary', 'v1');
    const other = get();
    gate.open();

    expect(await verdict).toBe('newer');
    expect(versionOf(await other)).toBe('v2');
  });

  it('does not make a mail without time for the verdict ask as well', async () => {
    const { get, secrets, credentials, clock } = setUp(one, two);
    await get();
    const gate = createGate();
    const asked = createGate();
    secrets.read = vi
      .fn(secrets.read)
      .mockImplementationOnce(secrets.read.bind(secrets))
      .mockImplementationOnce(() => {
        asked.open();
        return gate.opened.then(() => ({ kind: 'missing' as const, reason: 'no such version' }));
      });

    const verdict = credentials.refused('primary', 'v2');
    await asked.opened;
    clock.advance(ttlMs);
    expect(versionOf(await get(0))).toBe('v2');
    expect(secrets.read).toHaveBeenCalledTimes(2);
    gate.open();
    expect(await verdict).toBe('same');
  });

  it('goes back to the previous version when the newest is refused, and stays there', async () => {
    const { get, secrets, credentials, clock } = setUp(one, two);
    await get();

    expect(await credentials.refused('primary', 'v2')).toBe('previous');
    expect(versionOf(await get())).toBe('v1');
    clock.advance(600_000);
    expect(versionOf(await get())).toBe('v1');

    secrets.put(three);
    clock.advance(60_000);
    expect(versionOf(await get())).toBe('v3');
  });

  it('returns to the newest version once the previous one is refused as well', async () => {
    const { get, credentials, clock } = setUp(one, two);
    await get();
    await credentials.refused('primary', 'v2');

    clock.advance(10_000);

    expect(await credentials.refused('primary', 'v1')).toBe('newer');
    expect(versionOf(await get())).toBe('v2');
  });

  it('tries each version once and then gives up, whichever mail reports', async () => {
    const { get, credentials } = setUp(one, two);
    await get();

    expect(await credentials.refused('primary', 'v2')).toBe('previous');
    expect(await credentials.refused('primary', 'v1')).toBe('same');
    expect(await credentials.refused('primary', 'v1')).toBe('same');
    expect(await credentials.refused('primary', 'v2')).toBe('same');
    expect(versionOf(await get())).toBe('v2');
  });

  it.each([
    ['has the same login', relaySecretOf({ password: 'two', ehloName: 'old.example.com' })],
    ['is malformed', '{"host":1}'],
  ])('does not try a previous version that %s', async (_name, previous) => {
    const { get, credentials } = setUp(previous, two);
    await get();

    expect(await credentials.refused('primary', 'v2')).toBe('same');
  });

  it('during an outage of Secrets Manager stays as it is', async () => {
    const { get, secrets, credentials, events } = setUp(one);
    await get();
    secrets.answer = { kind: 'away', reason: 'throttled' };

    expect(await credentials.refused('primary', 'v1')).toBe('same');
    expect(events).toEqual(['changed', 'away: throttled', 'refused, same']);
  });
});

describe('whatever happens', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('get' as const), patienceMs: fc.constantFrom(0, 10_000) }),
    fc.record({ do: fc.constant('gate' as const), closed: fc.boolean() }),
    fc.record({ do: fc.constant('refuse' as const), version: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 90_000 }) }),
    fc.record({ do: fc.constant('put' as const), text: fc.constantFrom(one, two, three, '{}', 'junk') }),
    fc.record({
      do: fc.constant('outage' as const),
      kind: fc.constantFrom('away' as const, 'denied' as const, 'none' as const),
    }),
    fc.record({ do: fc.constant('tick' as const) }),
  );

  it('a relay has one call in flight at most, and a valid version stays in use', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { get, secrets, credentials, clock } = setUp(one);
        await get();
        let gate = createGate();
        const pending: Promise<unknown>[] = [];
        for (const action of steps) {
          if (action.do === 'get') pending.push(get(action.patienceMs).then((result) => expect(result.ok).toBe(true)));
          if (action.do === 'refuse') pending.push(credentials.refused('primary', `v${action.version}`));
          if (action.do === 'advance') clock.advance(action.ms);
          if (action.do === 'put') secrets.put(action.text);
          if (action.do === 'outage') {
            secrets.answer = action.kind === 'none' ? undefined : { kind: action.kind, reason: 'as told' };
          }
          if (action.do === 'gate') {
            gate.open();
            gate = createGate();
            secrets.gate = action.closed ? gate.opened : undefined;
          }
          if (action.do === 'tick') await new Promise((resolve) => setTimeout(resolve, 1));
        }
        gate.open();
        await Promise.all(pending);
        expect(secrets.peak()).toBe(1);
      }),
      { numRuns: 200 },
    );
  });
});
