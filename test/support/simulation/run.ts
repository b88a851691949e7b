import { type BatchPorts, deliverBatch } from '../../../lib/delivery/batch.ts';
import { tryOrder } from '../../../lib/relays/choose.ts';
import { simulatedLedger } from './ledger.ts';
import { Process } from './process.ts';
import { simulatedTransport } from './relay.ts';
import type { World } from './world.ts';

const functionTimeoutMs = 180_000;
const visibilityMs = 6 * functionTimeoutMs;
const finalReplyMs = 60_000;

/** One invocation of the sender on what is visible now, and what its event source mapping does afterwards. */
export async function invoke(world: World): Promise<void> {
  const batch = world.receive(visibilityMs);
  if (batch.length === 0) return;
  const process = new Process(world);
  const deadline = world.now + functionTimeoutMs;
  const bounds = { sendDeadline: deadline - 10_000, settleDeadline: deadline - 2_000, leaseEndsAt: deadline + 10_000 };
  const disposed = await Promise.race([deliverBatch(batch, bounds, portsOf(world, process)), process.died]);
  if (disposed === 'died') return;
  for (const { received, disposition } of disposed) {
    const message = world.queue.get(received.messageId);
    if (message === undefined) continue;
    if (disposition.kind === 'delete') world.queue.delete(received.messageId);
    else if (disposition.visibleAt !== undefined) message.visibleAt = Math.max(world.now, disposition.visibleAt);
  }
}

function portsOf(world: World, process: Process): BatchPorts {
  const relays = ['primary', 'fallback'];
  return {
    clock: { now: () => world.now },
    random: world.random,
    newId: () => world.id('id'),
    pause: async (ms) => {
      world.now += ms;
    },
    ledger: simulatedLedger(world, process),
    relays: {
      candidates: async (_domain, affinity) => {
        const order = tryOrder(
          relays.map((relay, tier) => ({ relay, tier, weight: 1 })),
          world.random,
          affinity,
        );
        return { relays: order.map((relay) => ({ relay, maxRecipients: 2 })), eligible: relays };
      },
      connection: async (relay) => ({
        ok: true,
        settings: { relay, version: '1', host: '127.0.0.1', port: 25, tls: 'none', maxSessions: 2 },
      }),
      takesMail: async () => true,
      credentialsRefused: async () => false,
      observe() {},
      attemptEnded() {},
    },
    transport: simulatedTransport(world, process),
    deadLetters: { send: (entry) => process.call(() => void world.deadLetters.push(entry)) },
    // The simulated relays read the mail's key off its bytes.
    build: async (mail) => ({ ok: true, message: Buffer.from(mail.key) }),
    holding: (_bytes, work) => work(),
    report() {},
    maxMessageBytes: 1_000_000,
    retry: { baseSeconds: 30, factor: 2, maxSeconds: 3600, jitter: 0.2, maxAttempts: 8, maxAgeSeconds: 432_000 },
    finalReplyMs,
    rules: { allowedFromDomains: [], attachmentBuckets: [] },
  };
}

/** Runs until no message is left in the queue. Now and then two processes run at once on overlapping work. */
export async function drain(world: World, rounds: number): Promise<void> {
  for (let round = 0; round < rounds && world.queue.size > 0; round += 1) {
    world.skipToNextVisible();
    const first = invoke(world);
    if (world.random() < 0.3) {
      handOutAgain(world);
      await Promise.all([first, invoke(world)]);
    } else {
      await first;
    }
    world.now += Math.floor(world.random() * 2_000);
  }
}

/** A standard queue may hand out a message again while it is in flight. */
function handOutAgain(world: World): void {
  for (const message of world.queue.values()) if (world.random() < 0.3) message.visibleAt = world.now;
}
