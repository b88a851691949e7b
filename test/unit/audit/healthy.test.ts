import { describe, expect, it } from 'vitest';
import { type AuditReport, audit, type Pause } from '../../../lib/audit/run.ts';
import type { AuditSettings } from '../../../lib/contracts/audit-environment.ts';
import { pendingDeadLetters } from '../../../lib/ledger/facts.ts';
import { ledgerPorts } from '../../support/audit.ts';
import { seeded } from '../../support/random.ts';
import { drain } from '../../support/simulation/run.ts';
import { noFaults, World } from '../../support/simulation/world.ts';

/** As `cdk/audit.ts` makes them for the defaults of a stage. */
const settings: AuditSettings = { marginSeconds: 6 * 180 + 1800, maxAgeSeconds: 432_000 };

function look(world: World, pause?: Pause): Promise<AuditReport> {
  return audit({
    ...ledgerPorts(world.ledger),
    intakeMessages: async () => world.queue.size,
    pause: async () => pause,
    clock: { now: () => world.now },
    settings,
  });
}

/** When the first of the mails that are not settled came in. */
function oldestIn({ ledger }: World): number {
  const unsettled = [...ledger.values()].filter(({ state }) => state !== 'settled');
  return Math.min(...unsettled.map(({ firstSeenAt }) => firstSeenAt));
}

interface Looked {
  readonly findings: number;
  readonly missing: number;
  readonly looks: number;
}

/** Until the queue is empty; looks every minute of the world's time. */
async function carryOn(world: World): Promise<Looked> {
  let [findings, missing, looks, next] = [0, 0, 0, world.now];
  while (world.queue.size > 0) {
    await drain(world, 20);
    if (world.now < next) continue;
    next = world.now + 60_000;
    const report = await look(world);
    findings += report.findings.length;
    missing += report.missingFromQueue;
    looks += 1;
  }
  return { findings, missing, looks };
}

function publish(world: World, mails: number): void {
  for (let index = 0; index < mails; index += 1) {
    const key = `mail-${index}`;
    world.publish({ idempotencyKey: key, from: 'a@example.com', to: ['b@example.org'], subject: 'Hi', text: key });
  }
}

describe('the audit of a healthy stage', () => {
  it('finds nothing in 10,000 mails with retries, refusals and doubts', async () => {
    const world = new World({ ...noFaults, refusal: 0.3, relayDown: 0.1 }, seeded(5));
    publish(world, 10_000);

    const { findings, missing, looks } = await carryOn(world);

    expect({ findings, missing }).toEqual({ findings: 0, missing: 0 });
    expect(looks).toBeGreaterThan(20);
    expect([...world.ledger.values()].filter(({ attempts }) => attempts > 1).length).toBeGreaterThan(1000);
    expect(await ledgerPorts(world.ledger).unfinished.count()).toBe(0);
  }, 120_000);

  it('finds nothing while the intake is paused, however long, and right after it', async () => {
    const world = new World({ ...noFaults, refusal: 0.5 }, seeded(6));
    publish(world, 1000);
    await drain(world, 120);
    expect(await ledgerPorts(world.ledger).unfinished.count()).toBeGreaterThan(50);

    const since = world.now;
    const found: number[] = [];
    for (const hours of [1, 5, 200]) {
      world.now = since + hours * 3_600_000;
      found.push((await look(world, { since })).findings.length);
    }
    found.push((await look(world, { since, resumedAt: world.now - 60_000 })).findings.length);

    expect(found).toEqual([0, 0, 0, 0]);
    // How old the mail is that waits is told all the same.
    expect((await look(world, { since })).oldestSince).toBe(oldestIn(world));
  });

  it('finds the one item that cannot be read, and nothing else', async () => {
    const world = new World({ ...noFaults, refusal: 0.3 }, seeded(7));
    publish(world, 300);
    await drain(world, 10);
    const [waiting] = [...world.ledger.values()].filter(({ state }) => state === 'waiting');
    const item = waiting ?? expect.fail('nothing waits');
    world.now += 3_600_000;
    world.ledger.set('edited', JSON.parse(JSON.stringify({ ...item, key: 'edited', state: 'asleep' })));

    await drain(world, 500);
    const { findings } = await look(world);

    expect(findings).toMatchObject([{ key: 'edited', kind: 'unreadable', mayHaveIt: true }]);
  });
});

describe('the index of unfinished mail', () => {
  it.each([1, 2, 3])('is true whatever crashes, and empty in the end (seed %i)', async (seed) => {
    const world = new World({ crash: 0.02, service: 0.05, relayDown: 0.1, refusal: 0.5 }, seeded(seed));
    for (let index = 0; index < 100; index += 1) {
      const key = `mail-${index}`;
      const to = ['b@example.org', 'c@example.org'];
      world.publish({ idempotencyKey: key, from: 'a@example.com', to, subject: 'Hi', text: key });
    }
    const wrong: string[] = [];
    for (let rounds = 0; world.queue.size > 0; rounds += 1) {
      if (rounds === 100) world.faults = noFaults;
      await drain(world, 1);
      for (const item of world.ledger.values()) {
        const unfinished = item.state === 'waiting' || pendingDeadLetters(item).length > 0;
        if (item.state !== 'sending' && unfinished !== (item.dueAt !== undefined)) wrong.push(item.key);
        if ((item.dueAt === undefined) !== (item.openShard === undefined)) wrong.push(item.key);
      }
    }

    expect(wrong).toEqual([]);
    expect(await ledgerPorts(world.ledger).unfinished.count()).toBe(0);
  });
});
