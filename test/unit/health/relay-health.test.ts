import { describe, expect, it, vi } from 'vitest';
import type { RelayHealthEvent } from '../../../lib/health/events.ts';
import { freshBreaker, type RelayHealthItem } from '../../../lib/health/item.ts';
import { createRelayHealth } from '../../../lib/health/relay-health.ts';
import { breakerSettings, type MemoryHealthStore, memoryHealthStore, observations } from '../../support/health.ts';

const { accepted, fault, senderRefused, recipientRefused, messageRefused, loginRefused, throttled } = observations;
const relay = 'primary';
const later = Number.MAX_SAFE_INTEGER;
let ids = 0;

/** Environments on one store and one clock, which the test drives. */
function createWorld() {
  const time = { now: 1_800_000_000_000 };
  const store = memoryHealthStore();
  const events: RelayHealthEvent[] = [];
  const version = { current: 'v1' };
  const environment = () => {
    const health = createRelayHealth({
      relays: { [relay]: { maxSessions: 4 }, fallback: { maxSessions: 4 } },
      store,
      settings: breakerSettings,
      clock: { now: () => time.now },
      random: () => 0,
      newId: () => `id-${++ids}`,
      pause: async () => {},
      currentVersion: async () => version.current,
      report: (event) => events.push(event),
    });
    return {
      ...health,
      standing: async () => (await health.snapshot()).get(relay),
      see: (observation: (typeof observations)[keyof typeof observations], mail = `mail-${++ids}`) =>
        health.observe(relay, observation, { mail }),
      tryMail: (mail: string) => health.takeTrial(relay, { mail, leaseEndsAt: time.now + 30_000 }, false),
    };
  };
  const stored = () => store.items.get(relay);
  /** Opened by one environment, told, and cooled down. */
  const openedAndDue = async () => {
    const one = environment();
    for (let n = 0; n < 3; n += 1) one.see(fault);
    await one.flush(later);
    time.now += 60_000;
    events.length = 0;
    return one;
  };
  return { time, store, events, version, environment, stored, openedAndDue };
}

const written = (store: MemoryHealthStore, act: () => Promise<unknown>) => {
  const before = store.counts.writes;
  return act().then(() => store.counts.writes - before);
};

describe('in steady state', () => {
  it('reads once per five seconds, only while mail flows, and writes nothing', async () => {
    const { time, store, environment } = createWorld();
    const health = environment();
    for (let n = 0; n < 100; n += 1) {
      await Promise.all([health.snapshot(), health.snapshot(), health.snapshot()]);
      for (const seen of [accepted, recipientRefused, senderRefused, accepted]) health.see(seen);
      await health.flush(later);
      time.now += 100;
    }
    expect(store.counts).toEqual({ reads: 2, writes: 0 });
    time.now += 3_600_000;
    await health.flush(later);
    expect(store.counts).toEqual({ reads: 2, writes: 0 });
  });

  it('presumes a relay healthy that nothing is known of', async () => {
    expect(await createWorld().environment().standing()).toEqual({ kind: 'available', factor: 1 });
  });

  it('acts on an operator within the age of the cache', async () => {
    const { time, store, environment } = createWorld();
    const health = environment();
    await health.snapshot();
    const item: RelayHealthItem = { relay, revision: 'x', changedAt: 0, breaker: freshBreaker };
    store.items.set(relay, { ...item, override: { mode: 'disabled', setAt: 0 } });
    expect(await health.standing()).toMatchObject({ kind: 'available' });
    time.now += 5000;
    expect(await health.standing()).toMatchObject({ kind: 'out', why: 'disabled' });
  });
});

describe('a relay that fails', () => {
  it('is left alone by this environment at the third fault, before anything is written', async () => {
    const { environment } = createWorld();
    const health = environment();
    await health.snapshot();
    health.see(fault);
    health.see(fault);
    expect(await health.standing()).toMatchObject({ kind: 'available' });
    health.see(fault);
    expect(await health.standing()).toMatchObject({ kind: 'out', why: 'open' });
  });

  it('costs one write in an invocation, and none in the next ones', async () => {
    const { store, stored, environment, events } = createWorld();
    const [one, other] = [environment(), environment()];
    const first = await written(store, async () => {
      for (let n = 0; n < 10; n += 1) one.see(fault);
      await one.flush(later);
    });
    const second = await written(store, async () => {
      for (let n = 0; n < 10; n += 1) other.see(fault);
      await other.flush(later);
      await one.flush(later);
    });
    expect([first, second]).toEqual([1, 0]);
    expect(stored()?.breaker).toMatchObject({ state: 'open', reason: 'relay-faults' });
    expect(events.map(({ type }) => type)).toEqual(['breaker-opened']);
  });

  it('is found out by three environments with one fault each', async () => {
    const { stored, environment } = createWorld();
    for (const health of [environment(), environment(), environment()]) {
      health.see(fault);
      await health.flush(later);
    }
    expect(stored()?.breaker).toMatchObject({ state: 'open' });
  });

  it('is told at once, not at the end of an invocation that may hang', async () => {
    const { stored, environment } = createWorld();
    const health = environment();
    for (let n = 0; n < 3; n += 1) health.see(fault);
    await new Promise((resolve) => setImmediate(resolve));
    expect(stored()?.breaker).toMatchObject({ state: 'open' });
  });

  it('clears the streak of a relay that is well after all, once', async () => {
    const { time, store, stored, environment } = createWorld();
    const [one, other] = [environment(), environment()];
    one.see(fault);
    await one.flush(later);
    await other.snapshot();
    time.now += 1000;
    const writes = await written(store, async () => {
      for (const health of [one, other, one, other]) {
        health.see(accepted);
        await health.flush(later);
      }
    });
    expect(writes).toBe(1);
    expect(stored()?.breaker).toMatchObject({ state: 'closed', faults: 0 });
  });

  it('is not opened by one mail that is refused again and again, nor by any number of refused senders', async () => {
    const { store, stored, environment } = createWorld();
    const health = environment();
    for (let n = 0; n < 100; n += 1) {
      health.see(senderRefused);
      health.see(messageRefused, 'the-same');
      await health.flush(later);
    }
    expect(stored()?.breaker.state).toBe('closed');
    expect(store.counts.writes).toBe(1);
    for (const mail of ['b', 'c', 'd']) health.see(messageRefused, mail);
    await health.flush(later);
    expect(stored()?.breaker).toMatchObject({ state: 'open', reason: 'message-rejections' });
  });

  it('keeps its breaker closed when it only throttles', async () => {
    const { time, store, environment } = createWorld();
    const health = environment();
    for (let n = 0; n < 3; n += 1) {
      health.see(throttled);
      time.now += 1000;
    }
    await health.flush(later);
    expect(store.counts.writes).toBe(0);
    expect(health.sessions(relay)).toBe(1);
    expect(health.sessions('fallback')).toBe(4);
  });
});

describe('a trial', () => {
  it('goes to one mail in the fleet', async () => {
    const { environment, openedAndDue } = createWorld();
    const one = await openedAndDue();
    const others = [environment(), environment()];
    const standings = await Promise.all([one, ...others].map((health) => health.standing()));
    expect(standings).toEqual(Array(3).fill({ kind: 'due', early: false }));
    const won = await Promise.all([one, one, ...others].map((health, index) => health.tryMail(`mail-${index}`)));
    expect(won.filter(Boolean)).toHaveLength(1);
    for (const health of [one, ...others])
      expect(await health.standing()).toMatchObject({ kind: 'out', why: 'on-trial' });
  });

  it.each([accepted, recipientRefused, senderRefused, messageRefused])(
    'closes the breaker on an answer: %o',
    async (answer) => {
      const { stored, events, openedAndDue } = createWorld();
      const one = await openedAndDue();
      await one.tryMail('carrier');
      one.see(fault, 'another');
      one.see(answer, 'carrier');
      expect(await one.standing()).toMatchObject({ kind: 'available' });
      await one.flush(later);
      expect(stored()?.breaker.state).toBe('closed');
      expect(events.map(({ type }) => type)).toEqual(['trial-started', 'breaker-closed']);
    },
  );

  it('opens the breaker for twice as long on a fault', async () => {
    const { time, stored, openedAndDue } = createWorld();
    const one = await openedAndDue();
    await one.tryMail('carrier');
    one.see(fault, 'carrier');
    await one.flush(later);
    expect(stored()?.breaker).toMatchObject({ state: 'open', coolDownMs: 120_000, reopensAt: time.now + 120_000 });
  });

  it('is given back as soon as the attempt of its mail ends without having been sent', async () => {
    const { time, stored, events, environment, openedAndDue } = createWorld();
    const one = await openedAndDue();
    await one.tryMail('carrier');
    one.see(throttled, 'carrier');
    one.attemptEnded('another');
    one.attemptEnded('carrier');
    await vi.waitFor(() =>
      expect(stored()?.breaker).toMatchObject({ state: 'open', coolDownMs: 60_000, reopensAt: time.now + 5000 }),
    );
    await one.flush(later);
    expect(events.map(({ type }) => type)).toEqual(['trial-started', 'throttled', 'trial-returned']);
    time.now += 5000;
    expect(await environment().tryMail('next')).toBe(true);
  });

  it('passes on when its holder died', async () => {
    const { time, environment, openedAndDue } = createWorld();
    const one = await openedAndDue();
    await one.tryMail('carrier');
    const other = environment();
    time.now += 33_999;
    expect(await other.tryMail('next')).toBe(false);
    time.now += 5001;
    expect(await other.standing()).toMatchObject({ kind: 'due' });
    expect(await other.tryMail('next')).toBe(true);
  });

  it('passes on a minute after its holder died, however long the invocation might have lived', async () => {
    const { time, environment, openedAndDue } = createWorld();
    const one = await openedAndDue();
    await one.takeTrial(relay, { mail: 'carrier', leaseEndsAt: time.now + 190_000 }, false);
    const other = environment();
    time.now += 63_999;
    expect(await other.tryMail('next')).toBe(false);
    time.now += 1;
    expect(await other.tryMail('next')).toBe(true);
  });

  it('does not undo what an operator and a probe wrote meanwhile', async () => {
    const { store, stored, openedAndDue } = createWorld();
    const one = await openedAndDue();
    await one.tryMail('carrier');
    const override = { mode: 'draining', setAt: 1 } as const;
    const item = stored();
    if (item !== undefined) store.items.set(relay, { ...item, revision: 'operator', override });
    one.see(accepted, 'carrier');
    await one.flush(later);
    expect(stored()).toMatchObject({ breaker: { state: 'closed' }, override });
  });
});

describe('a refused login', () => {
  const refuse = async (health: ReturnType<ReturnType<typeof createWorld>['environment']>, versions: string[]) => {
    health.observe(relay, loginRefused, { mail: 'm', versions });
    await health.flush(later);
  };

  it('keeps every environment away until there is another secret', async () => {
    const { time, version, environment, stored } = createWorld();
    const [one, other] = [environment(), environment()];
    await refuse(one, ['v1', 'v0']);
    expect(stored()?.breaker).toMatchObject({ state: 'open', reason: 'credentials', refusedVersions: ['v1', 'v0'] });
    expect(await other.standing()).toEqual({ kind: 'out', why: 'open', reopensAt: time.now + 60_000 });
    version.current = 'v1.7';
    expect(await other.standing()).toMatchObject({ kind: 'out' });
    version.current = 'v2';
    expect(await other.standing()).toEqual({ kind: 'due', early: true });
    expect(await other.takeTrial(relay, { mail: 'm', leaseEndsAt: time.now + 1000 }, true)).toBe(true);
    other.see(accepted, 'm');
    await other.flush(later);
    expect(stored()?.breaker.state).toBe('closed');
  });

  it('lets one mail after the other try a new secret, with a pause between, while the relay throttles', async () => {
    const { time, store, version, environment } = createWorld();
    const health = environment();
    await refuse(health, ['v1']);
    version.current = 'v2';
    let trials = 0;
    const before = store.counts.writes;
    for (const end = time.now + 30_000; time.now < end; time.now += 100) {
      const mail = `mail-${time.now}`;
      if ((await health.standing())?.kind !== 'due') continue;
      trials += Number(await health.takeTrial(relay, { mail, leaseEndsAt: time.now + 190_000 }, true));
      health.see(throttled, mail);
      health.attemptEnded(mail);
      await health.flush(later);
    }
    // At once, after 5 s, and after 10 s more: a lease and its return each.
    expect(trials).toBe(3);
    expect(store.counts.writes - before).toBe(6);
  });

  it('is tried again after half an hour', async () => {
    const { time, environment } = createWorld();
    const health = environment();
    await refuse(health, ['v1']);
    time.now += 30 * 60_000 - 1;
    expect(await health.standing()).toMatchObject({ kind: 'out', reopensAt: time.now + 1 });
    time.now += 1;
    expect(await health.standing()).toEqual({ kind: 'due', early: false });
  });
});

describe('while DynamoDB is away', () => {
  const outage = new Error('away');

  it('goes by what it knew, asks once per five seconds, and never rejects', async () => {
    const { time, store, events, environment, openedAndDue } = createWorld();
    const knowing = await openedAndDue();
    time.now -= 60_000;
    const ignorant = environment();
    store.outage = outage;
    const reads = store.counts.reads;
    for (let n = 0; n < 10; n += 1) {
      expect(await ignorant.standing()).toMatchObject({ kind: 'available' });
      expect(await knowing.standing()).toMatchObject({ kind: 'out' });
    }
    expect(store.counts.reads - reads).toBeLessThanOrEqual(2);
    expect(events).toContainEqual({ type: 'health-unavailable', error: outage });
  });

  it('breaks and tries alone, and tells when it can', async () => {
    const { time, store, stored, environment } = createWorld();
    const health = environment();
    store.outage = outage;
    for (let n = 0; n < 3; n += 1) health.see(fault);
    await health.flush(later);
    expect(await health.standing()).toMatchObject({ kind: 'out', reopensAt: time.now + 60_000 });
    time.now += 60_000;
    expect(await health.standing()).toMatchObject({ kind: 'due' });
    expect(await health.tryMail('carrier')).toBe(true);
    health.see(fault, 'carrier');
    await health.flush(later);
    expect(await health.standing()).toMatchObject({ kind: 'out', reopensAt: time.now + 60_000 });
    store.outage = undefined;
    await health.flush(later);
    expect(stored()?.breaker).toMatchObject({ state: 'open', openedAt: time.now });
  });

  it('takes mail again after a trial of its own that was answered', async () => {
    const { time, store, stored, openedAndDue } = createWorld();
    const health = await openedAndDue();
    store.outage = outage;
    expect(await health.tryMail('carrier')).toBe(true);
    time.now += 1000;
    health.see(accepted, 'carrier');
    await health.flush(later);
    expect(await health.standing()).toMatchObject({ kind: 'available' });
    store.outage = undefined;
    await health.flush(later);
    expect(stored()?.breaker.state).toBe('closed');
  });
});
