import type { LookupFunction } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { readStageConfig } from '../../../lib/contracts/stage-config.ts';
import { type BatchPorts, deliverBatch } from '../../../lib/delivery/batch.ts';
import { freshBreaker } from '../../../lib/health/item.ts';
import { createRelayHealth } from '../../../lib/health/relay-health.ts';
import { systemClock as clock } from '../../../lib/platform/clock.ts';
import type { Credentials } from '../../../lib/relays/credentials.ts';
import { createRelayDirectory } from '../../../lib/relays/directory.ts';
import { createTransport } from '../../../lib/smtp/create-transport.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';
import { breakerSettings, memoryHealthStore } from '../../support/health.ts';
import { type ScriptedRelay, type ScriptPhase, startScriptedRelay } from '../../support/scripted-relay.ts';
import { recordingObserver } from '../smtp/rig.ts';

/** Milliseconds that stand for a second of the stage config's defaults. */
const second = 30;
const { smtp, sender: lambda } = readStageConfig({ relays: { primary: {} } });
const timeouts = {
  connectMs: smtp.connectSeconds * second,
  greetingMs: smtp.greetingSeconds * second,
  commandMs: smtp.commandSeconds * second,
  finalReplyMs: smtp.finalReplySeconds * second,
};
const relays = {
  primary: { secretId: 's', weight: 1, tier: 0, maxSessions: 3, maxRecipients: 50, allowPlaintext: true },
  fallback: { secretId: 's', weight: 1, tier: 1, maxSessions: 3, maxRecipients: 50, allowPlaintext: true },
};
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const never: LookupFunction = () => {};

/** A sender with the defaults' time-outs, all equally shorter, and two relays with real bytes between them. */
async function aSender(maxSessions = 2) {
  const servers = { primary: await startScriptedRelay(), fallback: await startScriptedRelay() };
  const hosts = { primary: '127.0.0.1', fallback: '127.0.0.1' };
  for (const relay of Object.values(servers)) closers.push(() => relay.close());
  const serverOf = (relay: string): ScriptedRelay => (relay === 'primary' ? servers.primary : servers.fallback);
  const credentials: Credentials = {
    get: async (relay) => ({
      ok: true,
      settings: {
        relay,
        version: 'v1',
        host: relay === 'primary' ? hosts.primary : hosts.fallback,
        port: serverOf(relay).port,
        tls: 'none',
        maxSessions,
      },
    }),
    refused: async () => 'same',
  };
  const stage = new Stage();
  const store = memoryHealthStore();
  const health = createRelayHealth({
    relays,
    store,
    settings: breakerSettings,
    clock,
    random: () => 0,
    newId: () => stage.world.id('health'),
    pause: async () => {},
    currentVersion: async () => undefined,
    cacheMs: 0,
    report: () => {},
  });
  const observer = recordingObserver();
  const transport = createTransport({ timeouts, observer, clock, idleMs: 30 * second, lookup: never });
  closers.push(() => transport.close());
  const message = { bytes: 100 };
  const ports: BatchPorts = {
    ...stage.ports(),
    build: async () => ({ ok: true, message: Buffer.alloc(message.bytes, 'x') }),
    clock,
    pause: (ms: number) => pause(ms),
    finalReplyMs: timeouts.finalReplyMs,
    transport,
    relays: createRelayDirectory({ relays, credentials, health, random: () => 0 }),
  };
  return {
    ...servers,
    hosts,
    message,
    store,
    stage,
    events: observer.events,
    standing: async (relay: string) => (await health.snapshot()).get(relay),
    async send(count: number) {
      stage.world.now = clock.now();
      for (let n = 0; n < count; n += 1) stage.publish(mail({ idempotencyKey: stage.world.id('mail') }));
      const batch = stage.world.receive(60_000);
      const deadline = clock.now() + lambda.timeoutSeconds * second;
      const bounds = {
        sendDeadline: deadline - 10 * second,
        settleDeadline: deadline + 2000,
        leaseEndsAt: deadline + 4000,
      };
      const disposed = await deliverBatch(batch, bounds, ports);
      for (const { received, disposition } of disposed) {
        if (disposition.kind === 'delete') stage.world.queue.delete(received.messageId);
      }
      return disposed.map(({ disposition }) => disposition.kind);
    },
  };
}

type Sender = Awaited<ReturnType<typeof aSender>>;

const stalls: readonly (readonly [name: string, stall: (sender: Sender) => void])[] = [
  [
    'the resolver says nothing',
    ({ hosts }) => {
      hosts.primary = 'silent.example.com';
    },
  ],
  ...(['greeting', 'ehlo', 'mail', 'rcpt', 'data', 'body'] as const satisfies readonly ScriptPhase[]).map(
    (phase) =>
      [
        `it says nothing at ${phase}`,
        ({ primary, message }: Sender) => {
          // More than the sockets hold: else all of it has left when the relay stops reading.
          if (phase === 'body') message.bytes = 8 * 1024 * 1024;
          primary.script = { [phase]: 'stall' };
        },
      ] as const,
  ),
];

describe('a relay that stalls', () => {
  it.each(stalls)('leaves time for the next one, and is at fault: %s', async (_name, stall) => {
    const sender = await aSender(3);
    stall(sender);

    expect(await sender.send(3)).toEqual(['delete', 'delete', 'delete']);

    expect(sender.fallback.messages).toHaveLength(3);
    expect(await sender.standing('primary')).toMatchObject({ kind: 'out', why: 'open' });
  });

  it('and is the only one opens its breaker too, and its mail waits', async () => {
    const sender = await aSender();
    sender.store.items.set('fallback', {
      relay: 'fallback',
      revision: '1',
      changedAt: 0,
      breaker: freshBreaker,
      override: { mode: 'disabled', setAt: 0 },
    });
    sender.primary.script = { ehlo: 'stall' };

    expect(await sender.send(2)).toEqual(['return', 'return']);

    expect(sender.stage.told('waiting')).toMatchObject(Array(2).fill({ why: 'no-relay' }));
  });

  it('keeps a whole batch for half the time, and no mail goes back', async () => {
    const sender = await aSender();
    sender.primary.script = { greeting: 'stall' };

    expect(await sender.send(10)).toEqual(Array(10).fill('delete'));

    expect(sender.fallback.messages).toHaveLength(10);
  });

  it('with a kept session is asked again at once on a fresh one, within the invocation', async () => {
    const sender = await aSender();
    await sender.send(1);
    sender.primary.script = { mail: ({ connection }) => (connection === 1 ? 'stall' : undefined) };

    expect(await sender.send(1)).toEqual(['delete']);

    expect(sender.primary.messages).toHaveLength(2);
    expect(sender.fallback.messages).toHaveLength(0);
    expect(sender.store.counts.writes).toBe(0);
  });
});

describe('mails that wait in line for a session', () => {
  it('do not dial a relay whose breaker has opened meanwhile', async () => {
    const sender = await aSender();
    sender.primary.script = { greeting: 'close' };

    expect(await sender.send(10)).toEqual(Array(10).fill('delete'));

    // Three faults open it; the fourth was on its way.
    expect(sender.primary.connections.length).toBeLessThanOrEqual(4);
    expect(sender.fallback.messages).toHaveLength(10);
  });

  it.each(['idle', 'new'] as const)('leave a relay that is drained meanwhile, also for %s sessions', async (kind) => {
    const sender = await aSender();
    const reached = Promise.withResolvers<void>();
    sender.primary.script = {
      final: ({ transaction }) => {
        if (transaction === 2) reached.resolve();
        return kind === 'new' ? { reply: '421 4.3.2 closing' } : undefined;
      },
    };
    const override = { mode: 'draining', setAt: 0 } as const;
    const drained = { relay: 'primary', revision: '1', changedAt: 0, breaker: freshBreaker, override };
    void reached.promise.then(() => sender.store.items.set('primary', drained));

    await sender.send(8);

    expect(sender.primary.messages.length).toBeLessThanOrEqual(4);
    expect(sender.fallback.messages.length).toBeGreaterThanOrEqual(4);
  });

  it('stay with a relay that is busy but well', async () => {
    const sender = await aSender();

    expect(await sender.send(10)).toEqual(Array(10).fill('delete'));

    expect(sender.primary.messages).toHaveLength(10);
    expect(sender.events.filter((event) => event === 'opened')).toHaveLength(2);
  });
});
