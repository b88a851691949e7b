import { afterEach, describe, expect, it } from 'vitest';
import type { RelayHealthEvent } from '../../../lib/health/events.ts';
import { createRelayHealth } from '../../../lib/health/relay-health.ts';
import { createCredentials } from '../../../lib/relays/credentials.ts';
import { createRelayDirectory } from '../../../lib/relays/directory.ts';
import { createTransport } from '../../../lib/smtp/create-transport.ts';
import { createCertificate } from '../../../local/relays/certificate.ts';
import { startRelay } from '../../../local/relays/relay.ts';
import type { Delivery } from '../../../local/relays/session.ts';
import { createFakeSecrets } from '../../support/credentials.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';
import { breakerSettings, memoryHealthStore } from '../../support/health.ts';

const relayName = 'only';
const maxSessions = 6;
const mostInABatch = 10;
const certificate = await createCertificate();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A sender's own parts and a relay that wants a login, with real bytes between them; only AWS is made up. */
async function aSender() {
  const deliveries: Delivery[] = [];
  const deliver = (delivery: Delivery) => void deliveries.push(delivery);
  const relay = await startRelay({ name: relayName, certificate, deliver, onDialogue });
  closers.push(() => relay.close());
  const refusedLogins: string[] = [];
  function onDialogue({ text }: { readonly text: string }): void {
    if (text.startsWith('535')) refusedLogins.push(text);
  }
  const secrets = createFakeSecrets(JSON.stringify(relay.secret));
  const setting = { secretId: 's', weight: 1, tier: 0, maxSessions, maxRecipients: 50, allowPlaintext: false };
  const relays = { [relayName]: setting };
  const stage = new Stage();
  stage.world.now = Date.now();
  const clock = { now: () => stage.world.now };
  const store = memoryHealthStore();
  const seen: RelayHealthEvent[] = [];
  const fetchToken = async () => ({ ok: false, rejected: false, message: '' }) as const;
  const credentials = createCredentials({ secrets, relays, clock, random: () => 1, fetchToken });
  const health = createRelayHealth({
    relays,
    store,
    settings: breakerSettings,
    clock,
    random: () => 0,
    newId: () => stage.world.id('health'),
    pause: async () => {},
    currentVersion: async () => undefined,
    report: (event) => seen.push(event),
  });
  const timeouts = { connectMs: 5000, greetingMs: 5000, commandMs: 5000, finalReplyMs: 5000 };
  const quiet = () => undefined;
  const transport = createTransport({
    timeouts,
    idleMs: 60_000,
    clock: { now: Date.now },
    observer: {
      connectionOpened: quiet,
      connectionClosed: quiet,
      connectionReused: quiet,
      connectionFailed: quiet,
      connectionLost: quiet,
      connectionReady: quiet,
    },
  });
  closers.push(() => transport.close());
  const ports = { transport, relays: createRelayDirectory({ relays, credentials, health, random: () => 0 }) };
  return {
    stage,
    relay,
    seen,
    store,
    refusedLogins,
    deliveries,
    rotate() {
      relay.changePassword();
      secrets.put(JSON.stringify(relay.secret));
    },
    async send(count: number) {
      const batch = stage.world.queue.size;
      for (let n = 0; n < count; n += 1)
        stage.publish(mail({ idempotencyKey: `mail-${batch}-${stage.world.id('m')}` }));
      await stage.invoke({ ports });
      await health.flush(clock.now() + 10_000);
    },
  };
}

describe('after the password was changed at the relay and in the secret', () => {
  it('a session of the old one that is refused at MAIL is replaced at once, and no breaker moves', async () => {
    const sender = await aSender();
    await sender.send(1);
    sender.rotate();

    await sender.send(1);

    expect(sender.deliveries).toHaveLength(2);
    expect(sender.stage.world.queue.size).toBe(0);
    expect(sender.seen).toEqual([]);
    expect(sender.store.items.size).toBe(0);
    expect(sender.refusedLogins).toEqual([]);
  });

  it('an environment that must open all its sessions anew tries the old one once', async () => {
    const sender = await aSender();
    await sender.send(maxSessions);
    sender.rotate();
    sender.relay.dropSessions();

    await sender.send(mostInABatch);

    expect(sender.deliveries).toHaveLength(maxSessions + mostInABatch);
    expect(sender.stage.world.queue.size).toBe(0);
    expect(sender.seen).toEqual([]);
    expect(sender.refusedLogins).toHaveLength(1);
  });
});
