import { describe, expect, it } from 'vitest';
import { mail, movableClock, patient, settingsFor, start } from './rig.ts';

const quits = (relay: { connections: { quit: boolean }[] }): number =>
  relay.connections.filter(({ quit }) => quit).length;

describe('reuse', () => {
  it('sends one mail after the other over one session, and ends it with QUIT', async () => {
    const { relay, rig } = await start();
    for (let sent = 0; sent < 3; sent += 1) await rig.deliver(settingsFor(relay));
    await rig.transport.close();
    expect(relay.connections).toHaveLength(1);
    expect(relay.messages).toHaveLength(3);
    expect(quits(relay)).toBe(1);
    expect(rig.events).toEqual(['opened', 'ready', 'reused', 'reused', 'closed']);
  });

  it('takes the session that was used last', async () => {
    const { relay, rig } = await start();
    const settings = settingsFor(relay);
    const [first, second] = [await rig.acquire(settings), await rig.acquire(settings)];
    first.release();
    await second.send(mail(), Date.now() + 25_000);
    await rig.deliver(settings);
    expect(relay.messages.map(({ connection }) => connection)).toEqual([2, 2]);
  });

  it('tells which sessions were reused, also in failures', async () => {
    const { relay, rig } = await start();
    const fresh = await rig.acquire(settingsFor(relay));
    expect(fresh.reused).toBe(false);
    fresh.release();
    const again = await rig.acquire(settingsFor(relay));
    expect(again.reused).toBe(true);
    relay.script = { mail: 'close' };
    const { failed } = await again.send(mail(), Date.now() + 25_000);
    expect(failed[0]?.failure).toMatchObject({ phase: 'mail', reused: true, error: { kind: 'closed' } });
    expect(rig.events.filter((event) => event === 'lost')).toHaveLength(1);
  });

  it('sends with a session once only', async () => {
    const { relay, rig } = await start();
    const session = await rig.acquire(settingsFor(relay));
    await session.send(mail(), Date.now() + 25_000);
    session.release();
    const { failed } = await session.send(mail(), Date.now() + 25_000);
    expect(failed[0]?.failure).toMatchObject({ phase: 'mail', error: { kind: 'protocol' } });
    expect(relay.messages).toHaveLength(1);
  });
});

describe('a kept session that is no use any more', () => {
  it.each(['close', 'reset'] as const)('is noticed before use when the relay ended it (%s)', async (how) => {
    const { relay, rig } = await start();
    await rig.deliver(settingsFor(relay));
    relay.dropConnections(how);
    // Another conversation takes several turns of the event loop: by its end the first session's has been heard.
    await rig.deliver(settingsFor(relay, { relay: 'other' }));
    const { accepted } = await rig.deliver(settingsFor(relay));
    expect(accepted).toHaveLength(1);
    expect(rig.events.filter((event) => event !== 'lost')).toEqual(Array(3).fill(['opened', 'ready']).flat());
    expect(rig.events.filter((event) => event === 'lost')).toHaveLength(1);
  });

  it('is not used after the idle time, although no timer ran while the process was frozen', async () => {
    const clock = movableClock();
    const { relay, rig } = await start({}, { clock });
    await rig.deliver(settingsFor(relay));
    clock.advance(30_001);
    await rig.deliver(settingsFor(relay));
    expect(rig.events).toEqual(['opened', 'ready', 'lost', 'opened', 'ready']);
    await relay.until(() => relay.openConnections() === 1);
  });

  it('is ended with QUIT when the idle time passes', async () => {
    const { relay, rig } = await start({}, { idleMs: 30 });
    await rig.deliver(settingsFor(relay));
    await relay.until(() => quits(relay) === 1 && relay.openConnections() === 0);
    await rig.transport.close();
    expect(rig.events).toEqual(['opened', 'ready', 'closed']);
  });

  it('fails in MAIL within a fair time, and not a whole command time-out, when it died without a word', async () => {
    const timeouts = { ...patient, connectMs: 200, commandMs: 60_000 };
    const { relay, rig } = await start({}, { timeouts });
    await rig.deliver(settingsFor(relay));
    relay.script = { mail: 'stall' };
    const { failed } = await rig.deliver(settingsFor(relay));
    expect(failed[0]?.failure).toMatchObject({ phase: 'mail', reused: true, error: { kind: 'timeout' } });
  });

  it('is passed over when a fresh one is wanted', async () => {
    const { relay, rig } = await start();
    const settings = settingsFor(relay, { maxSessions: 1 });
    await rig.deliver(settings);
    const session = await rig.acquire(settings, { fresh: true });
    expect(session.reused).toBe(false);
    session.release();
    await relay.until(() => relay.openConnections() === 1);
    expect(relay.connections).toHaveLength(2);
    expect(rig.events).toEqual(['opened', 'ready', 'lost', 'opened', 'ready']);
  });

  it('is discarded when the relay does not reset it', async () => {
    const { relay, rig } = await start();
    relay.script = {
      rcpt: ({ transaction }) => (transaction === 1 ? { reply: '550 5.1.1 no' } : undefined),
      rset: 'close',
    };
    await rig.deliver(settingsFor(relay, { maxSessions: 1 }));
    expect((await rig.deliver(settingsFor(relay, { maxSessions: 1 }))).accepted).toHaveLength(1);
    expect(relay.connections).toHaveLength(2);
  });

  it('is dropped when the relay talks out of turn', async () => {
    const { relay, rig } = await start();
    await rig.deliver(settingsFor(relay));
    relay.say('250 2.0.0 by the way');
    await relay.until(() => relay.openConnections() === 0);
    expect((await rig.deliver(settingsFor(relay))).accepted).toHaveLength(1);
  });
});

describe('places', () => {
  it('never holds more sessions than allowed, and serves those who wait in order', async () => {
    const { relay, rig } = await start();
    const settings = settingsFor(relay, { maxSessions: 2 });
    const held = [await rig.acquire(settings), await rig.acquire(settings)];
    const served: number[] = [];
    const waiting = [1, 2, 3, 4].map(async (turn) => {
      const session = await rig.acquire(settings);
      served.push(turn);
      await session.send(mail(), Date.now() + 25_000);
    });
    for (const session of held) session.release();
    await Promise.all(waiting);
    expect(served).toEqual([1, 2, 3, 4]);
    expect(relay.connections).toHaveLength(2);
  });

  it('counts sessions that are being opened, and passes the place on when that fails', async () => {
    const { relay, rig } = await start({
      script: { greeting: ({ connection }) => (connection === 1 ? 'close' : undefined) },
    });
    const settings = settingsFor(relay, { maxSessions: 1 });
    const [failure, session] = await Promise.all([rig.refusal(settings), rig.acquire(settings)]);
    expect(failure).toMatchObject({ phase: 'greeting', error: { kind: 'closed' } });
    session.release();
    expect(relay.connections).toHaveLength(2);
  });

  it('pass first to who lost a session under its mail, before those who waited for longer', async () => {
    const { relay, rig } = await start();
    const settings = settingsFor(relay, { maxSessions: 1 });
    await rig.deliver(settings);
    relay.script = { mail: ({ connection }) => (connection === 1 ? 'close' : undefined) };
    const kept = await rig.acquire(settings);
    const served: string[] = [];
    const use = async (name: string, fresh: boolean) => {
      const session = await rig.acquire(settings, { fresh });
      served.push(name);
      session.release();
    };
    const waiting = ['second', 'third'].map((name) => use(name, false));
    expect((await kept.send(mail(), Date.now() + 25_000)).failed).toHaveLength(1);
    await Promise.all([...waiting, use('redo', true)]);
    expect(served).toEqual(['redo', 'second', 'third']);
  });

  it.each([true, false])('pass on when the relay is not wanted any more (idle session: %s)', async (idle) => {
    const { relay, rig } = await start();
    const settings = settingsFor(relay, { maxSessions: 1 });
    const held = await rig.acquire(settings);
    if (!idle) relay.script = { mail: 'close' };
    const leaving = rig.transport.acquire(settings, { deadline: Date.now() + 25_000, wanted: async () => false });
    const next = rig.acquire(settings);
    if (idle) held.release();
    else await held.send(mail(), Date.now() + 25_000);
    expect(await leaving).toEqual({ ok: false, withdrawn: true });
    expect((await next).reused).toBe(idle);
    expect(relay.connections).toHaveLength(idle ? 1 : 2);
  });

  it('count as used again from the second transaction on: what was given back unused carried none', async () => {
    const { relay, rig } = await start();
    (await rig.acquire(settingsFor(relay))).release();
    await rig.deliver(settingsFor(relay));
    expect(rig.events).toEqual(['opened', 'ready']);
    await rig.deliver(settingsFor(relay));
    expect(rig.events).toEqual(['opened', 'ready', 'reused']);
    expect(relay.connections).toHaveLength(1);
  });

  it('stay in order when asking whether the relay is wanted goes wrong', async () => {
    const { relay, rig } = await start();
    const wanted = () => Promise.reject(new Error('no answer'));
    expect((await rig.acquire(settingsFor(relay), { wanted })).reused).toBe(false);
  });

  it('gives up waiting at the deadline, and the place goes to the next', async () => {
    const { relay, rig } = await start();
    const settings = settingsFor(relay, { maxSessions: 1 });
    const held = await rig.acquire(settings);
    const impatient = rig.refusal(settings, { withinMs: 50 });
    const patientOne = rig.acquire(settings);
    expect(await impatient).toMatchObject({ phase: 'connect', error: { kind: 'deadline' } });
    held.release();
    (await patientOne).release();
    expect(relay.connections).toHaveLength(1);
  });
});

describe('new settings', () => {
  it('end idle sessions of the old version with QUIT, and busy ones when they come back', async () => {
    const { relay, rig } = await start();
    const [old, next] = [settingsFor(relay), settingsFor(relay, { version: 'v2' })];
    const [idle, busy] = [await rig.acquire(old), await rig.acquire(old)];
    idle.release();
    await rig.deliver(next);
    await relay.until(() => quits(relay) === 1);
    expect((await busy.send(mail(), Date.now() + 25_000)).accepted).toHaveLength(1);
    await relay.until(() => quits(relay) === 2 && relay.openConnections() === 1);
    expect((await rig.acquire(next)).reused).toBe(true);
  });
});

describe('a lower limit', () => {
  it('ends surplus idle sessions with QUIT, and lends none while busy ones fill it', async () => {
    const { relay, rig } = await start();
    const [wide, narrow] = [settingsFor(relay, { maxSessions: 3 }), settingsFor(relay, { maxSessions: 1 })];
    const [first, second, busy] = [await rig.acquire(wide), await rig.acquire(wide), await rig.acquire(wide)];
    first.release();
    second.release();
    expect(await rig.refusal(narrow, { withinMs: 50 })).toMatchObject({
      phase: 'connect',
      error: { kind: 'deadline' },
    });
    await relay.until(() => quits(relay) === 2 && relay.openConnections() === 1);
    busy.release();
    expect((await rig.acquire(narrow)).reused).toBe(true);
    expect(relay.connections).toHaveLength(3);
  });

  it('is kept to by those who wait, as busy sessions come back', async () => {
    const { relay, rig } = await start();
    const [wide, narrow] = [settingsFor(relay, { maxSessions: 2 }), settingsFor(relay, { maxSessions: 1 })];
    const [first, second] = [await rig.acquire(wide), await rig.acquire(wide)];
    const waiting = rig.acquire(narrow);
    first.release();
    await relay.until(() => quits(relay) === 1 && relay.openConnections() === 1);
    second.release();
    expect((await waiting).reused).toBe(true);
    expect(await rig.refusal(narrow, { fresh: true, withinMs: 50 })).toMatchObject({ error: { kind: 'deadline' } });
    expect(relay.openConnections()).toBe(1);
  });

  it('opens nothing for who wants a fresh session until the surplus is gone', async () => {
    const { relay, rig } = await start({ script: { quit: 'stall' } });
    const [wide, narrow] = [settingsFor(relay, { maxSessions: 2 }), settingsFor(relay, { maxSessions: 1 })];
    const [first, second] = [await rig.acquire(wide), await rig.acquire(wide)];
    first.release();
    second.release();
    const refused = await rig.refusal(narrow, { fresh: true, withinMs: 50 });
    expect(refused).toMatchObject({ error: { kind: 'deadline' } });
    expect(relay.connections).toHaveLength(2);
    relay.dropConnections('close');
  });
});

describe('close', () => {
  it('refuses new sessions, those waiting and later ones', async () => {
    const { relay, rig } = await start();
    const settings = settingsFor(relay, { maxSessions: 1 });
    const held = await rig.acquire(settings);
    const waiting = rig.refusal(settings);
    await rig.transport.close();
    expect(await waiting).toMatchObject({ phase: 'connect', error: { kind: 'refused' } });
    expect(await rig.refusal(settings)).toMatchObject({ phase: 'connect', error: { kind: 'refused' } });
    expect(await rig.refusal({ ...settings, relay: 'other' })).toMatchObject({ error: { kind: 'refused' } });
    held.release();
    await relay.until(() => quits(relay) === 1);
  });

  it.each([
    ['stall', ['lost']],
    ['close', ['lost']],
    ['421', ['lost']],
    ['221', ['closed']],
  ] as const)('counts a connection as closed only after 221, and ends it in any case: %s', async (answer, counted) => {
    const { relay, rig } = await start({}, { timeouts: { ...patient, commandMs: 2000 } });
    await rig.deliver(settingsFor(relay));
    const behaviours = {
      stall: 'stall',
      close: 'close',
      '421': { reply: '421 no' },
      '221': { reply: '221 bye' },
    } as const;
    relay.script = { quit: behaviours[answer] };
    await rig.transport.close();
    expect(rig.events).toEqual(['opened', 'ready', ...counted]);
    await relay.until(() => relay.openConnections() === 0);
  });
});
