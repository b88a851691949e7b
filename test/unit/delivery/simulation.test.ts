import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeadLetterEntry } from '../../../lib/delivery/ports.ts';
import { seeded } from '../../support/random.ts';
import { drain } from '../../support/simulation/run.ts';
import { type Faults, noFaults, World } from '../../support/simulation/world.ts';

const recipients = ['ada@example.org', 'bob@example.net', 'eve@example.com'];

function mail(key: string, onUncertain: 'resend' | 'hold'): object {
  return { idempotencyKey: key, from: 'shop@example.com', to: recipients, subject: 'Hi', text: key, onUncertain };
}

/** Publishes, lets everything go wrong, redrives some dead letters, then lets the world heal and the queue run dry. */
async function history(seed: number, faults: Faults): Promise<World> {
  const world = new World(faults, seeded(seed));
  for (let index = 0; index < 6; index += 1) {
    const copies = world.random() < 0.3 ? 2 : 1;
    const policy = world.random() < 0.3 ? 'hold' : 'resend';
    for (let copy = 0; copy < copies; copy += 1) world.publish(mail(`mail-${index}`, policy));
  }
  await drain(world, 40);
  for (const entry of [...world.deadLetters]) if (world.random() < 0.5) world.redrive(entry);
  await drain(world, 40);
  world.faults = noFaults;
  await drain(world, 2_000);
  return world;
}

function entriesFor(world: World, key: string, address: string): DeadLetterEntry[] {
  return world.deadLetters.filter(({ attributes }) => {
    if (attributes.idempotencyKey !== key || world.redriven.has(attributes.deadLetterId ?? '')) return false;
    const detail: unknown = JSON.parse(attributes.detail ?? '{}');
    return JSON.stringify(detail).includes(`"${address}"`);
  });
}

function mailsOf(world: World): [key: string, address: string][] {
  return [...world.ledger.keys()].flatMap((key) => recipients.map((address): [string, string] => [key, address]));
}

const anyFaults = fc.record({
  crash: fc.constantFrom(0, 0.01, 0.05),
  service: fc.constantFrom(0, 0.02, 0.1),
  relayDown: fc.constantFrom(0, 0.1, 0.5),
  refusal: fc.constantFrom(0, 0.2, 0.6),
});

const anyHistory = fc.tuple(fc.integer(), anyFaults);

describe('random histories of crashes, errors, refusals, duplicates and redrives', () => {
  it('lose nobody: every recipient has the mail or stands in the dead-letter queue', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async ([seed, faults]) => {
        const world = await history(seed, faults);
        expect(world.queue.size).toBe(0);
        expect(world.ledger.size).toBe(6);
        for (const [key, address] of mailsOf(world)) {
          const has = (world.taken.get(`${key} ${address}`) ?? 0) > 0;
          expect(has || entriesFor(world, key, address).length > 0, `${key} ${address}`).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('repeat no mail without a crash or a doubt that the ledger counted, and send nothing unclaimed', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async ([seed, faults]) => {
        const world = await history(seed, faults);
        expect(world.unclaimedSends).toBe(0);
        for (const [key, address] of mailsOf(world)) {
          const repeats = Math.max(0, (world.taken.get(`${key} ${address}`) ?? 0) - 1);
          expect(repeats, `${key} ${address}`).toBeLessThanOrEqual(world.counted.get(key) ?? 0);
          // One doubt may be followed by one more send; what stays in doubt after that is sent again only by a redrive.
          expect(world.ledger.get(key)?.recipients[address]?.doubts ?? 0).toBeLessThanOrEqual(
            2 + (world.redrives.get(key) ?? 0),
          );
        }
      }),
      { numRuns: 150 },
    );
  });

  it('dead-letter nobody who has the mail, unless a crash or doubt left that open', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async ([seed, faults]) => {
        const world = await history(seed, faults);
        for (const [key, address] of mailsOf(world)) {
          if ((world.counted.get(key) ?? 0) > 0 || !world.taken.has(`${key} ${address}`)) continue;
          expect(entriesFor(world, key, address), `${key} ${address}`).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('deliver each mail exactly once when nothing goes wrong', async () => {
    const world = await history(7, noFaults);
    expect(world.deadLetters).toEqual([]);
    expect([...world.taken.values()].every((times) => times === 1)).toBe(true);
    expect(world.taken.size).toBe(18);
  });
});
