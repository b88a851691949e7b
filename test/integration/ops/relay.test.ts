import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshBreaker, type OpenBreaker, type RelayHealthItem } from '../../../lib/health/item.ts';
import { standingOf } from '../../../lib/health/standing.ts';
import { createCertificate } from '../../../local/relays/certificate.ts';
import { startRelay } from '../../../local/relays/relay.ts';
import { type RelayStage, startRelayStage } from './relay-stage.ts';

let stage: RelayStage;

beforeAll(async () => {
  stage = await startRelayStage(['primary', 'fallback', 'third']);
});
afterAll(() => stage.close());

const probe = { status: 'degraded', factor: 0.4, at: Date.now(), validUntil: Date.now() + 600_000 } as const;

async function stored(relay: string): Promise<RelayHealthItem> {
  const item = await stage.store.read(relay);
  if (item === undefined) throw new Error(`nothing is stored about ${relay}`);
  return item;
}

async function put(relay: string, parts: Partial<RelayHealthItem>): Promise<void> {
  const item = { relay, revision: `test-${Math.random()}`, changedAt: Date.now(), breaker: freshBreaker, ...parts };
  expect(await stage.store.write(item, await stage.store.read(relay))).toEqual({ written: true });
}

const openBreaker = (): OpenBreaker => ({
  state: 'open',
  reason: 'credentials',
  rule: 'login refused',
  openedAt: Date.now(),
  reopensAt: Date.now() + 1_800_000,
  coolDownMs: 1_800_000,
  rejections: [],
  refusedVersions: ['v1'],
});

describe('list and show', () => {
  it('say of a relay that nobody wrote about that it gets mail', async () => {
    const { stdout, exitCode } = await stage.relay('show', 'third');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('gets mail');
    expect(stdout).toContain('nothing was noticed');
  });

  it('list every relay of the stage, for people and for scripts', async () => {
    const table = await stage.relay('list');
    expect(table.exitCode).toBe(0);
    for (const relay of ['primary', 'fallback', 'third']) expect(table.stdout).toContain(relay);
    const listed: unknown = JSON.parse((await stage.relay('list', '--json')).stdout);
    expect(listed).toMatchObject([{ relay: 'primary' }, { relay: 'fallback' }, { relay: 'third' }]);
  });

  it('refuse an unknown relay and name those there are', async () => {
    const { stderr, exitCode } = await stage.relay('disable', 'primry', '--reason', 'typo');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('There is no relay "primry"');
    expect(stderr).toContain('primary, fallback, third');
    expect(await stage.store.read('primry')).toBeUndefined();
  });
});

describe('overrides', () => {
  it('take a relay out of use with a reason and an end, and keep what others wrote', async () => {
    await put('primary', { breaker: { ...freshBreaker, faults: 2 }, probe });
    const before = await stored('primary');

    const { exitCode, stdout } = await stage.relay('disable', 'primary', '--reason', 'moving house', '--for', '2h');

    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('disabled') });
    const after = await stored('primary');
    expect(after).toMatchObject({
      breaker: before.breaker,
      probe,
      override: { mode: 'disabled', reason: 'moving house' },
    });
    expect(after.revision).not.toBe(before.revision);
    const { setAt = 0, expiresAt = 0 } = after.override ?? {};
    expect(expiresAt - setAt).toBe(7_200_000);
    expect(standingOf(after, after.breaker, expiresAt - 1, 0)).toEqual({
      kind: 'out',
      why: 'disabled',
      reopensAt: expiresAt,
    });
    expect(standingOf(after, after.breaker, expiresAt, 0).kind).toBe('available');
    expect((await stage.relay('list')).stdout).toContain('moving house');
  });

  it('end after a day when nobody said more, and by enable', async () => {
    const drained = await stage.relay('drain', 'fallback');
    expect(drained.stderr).toContain('--for 30d');
    const { mode, setAt = 0, expiresAt } = (await stored('fallback')).override ?? {};
    expect({ mode, expiresAt }).toEqual({ mode: 'draining', expiresAt: setAt + 86_400_000 });
    const { stdout } = await stage.relay('enable', 'fallback', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ relay: 'fallback', standing: { kind: 'available', factor: 1 } });
  });

  it('get through while senders write the same item again and again', async () => {
    const over = new AbortController();
    let writes = 0;
    const sender = (async () => {
      while (!over.signal.aborted) {
        const item = await stage.store.read('third');
        writes += 1;
        const next = {
          relay: 'third',
          breaker: freshBreaker,
          ...item,
          revision: `sender-${writes}`,
          changedAt: writes,
        };
        await stage.store.write(next, item);
      }
    })();
    const { exitCode } = await stage.relay('drain', 'third');
    over.abort();
    await sender;
    expect(exitCode).toBe(0);
    expect((await stored('third')).override?.mode).toBe('draining');
    expect(writes).toBeGreaterThan(1);
  });
});

describe('reset', () => {
  it('closes a breaker that a refused login opened, from now on', async () => {
    await put('fallback', { breaker: openBreaker(), probe });
    const since = Date.now();
    const { exitCode, stderr } = await stage.relay('reset', 'fallback');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('closed');
    const { breaker, probe: kept } = await stored('fallback');
    expect(breaker).toMatchObject({ state: 'closed', faults: 0 });
    expect(breaker.state === 'closed' && breaker.closedAt >= since).toBe(true);
    expect(kept).toEqual(probe);
  });
});

describe('an item that nobody can read', () => {
  const broken = { relay: 'third', revision: 'broken', changedAt: 1, breaker: { state: 'ajar' } };

  it('is told to whoever asks, with the command that replaces it', async () => {
    await stage.plant(broken);
    for (const command of ['list', 'show third', 'drain third']) {
      const { exitCode, stderr } = await stage.relay(...command.split(' '));
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('reset third') });
    }
  });

  it('is replaced by reset', async () => {
    await stage.plant(broken);
    const { exitCode, stdout, stderr } = await stage.relay('reset', 'third');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining('gets mail') });
    expect(stderr).toContain('is replaced');
    expect(await stored('third')).toMatchObject({ breaker: { state: 'closed' } });
    expect(await stage.relay('list')).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('probe', () => {
  it('opens a session with the secret of the stage, and says what went wrong when it fails', async () => {
    const relay = await startRelay({
      name: 'primary',
      certificate: await createCertificate(),
      deliver: () => undefined,
    });
    try {
      const unset = await stage.relay('probe', 'primary');
      expect(unset).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no value yet') });

      await stage.setSecret('primary', JSON.stringify(relay.secret));
      const healthy = await stage.relay('probe', 'primary', '--json');
      expect(healthy.exitCode).toBe(0);
      expect(JSON.parse(healthy.stdout)).toMatchObject({
        ok: true,
        login: true,
        phasesMs: { auth: expect.any(Number) },
      });

      relay.behave(({ at }) => (at === 'auth' ? { kind: 'reply', code: 535, text: '5.7.8 no' } : { kind: 'accept' }));
      const refused = await stage.relay('probe', 'primary');
      expect(refused).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('auth: 535') });
      expect(JSON.stringify(refused)).not.toContain(relay.secret.password);
      expect((await stage.relay('probe', 'primary', '--no-login')).exitCode).toBe(0);

      await relay.goDown();
      expect(await stage.relay('probe', 'primary')).toMatchObject({
        exitCode: 1,
        stdout: expect.stringContaining('connect'),
      });
    } finally {
      await relay.close();
    }
  });
});
