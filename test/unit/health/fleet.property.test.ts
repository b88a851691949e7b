import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FleetLog, runFleet, type Try } from '../../support/fleet.ts';
import { memoryHealthStore } from '../../support/health.ts';
import { seeded } from '../../support/random.ts';
import { type VirtualTime, virtualTime } from '../../support/virtual-time.ts';

interface Story {
  readonly seed: number;
  readonly environments: number;
  /** Seconds after which the relay goes down or comes back, in turn; in the end it is well. */
  readonly turns: readonly number[];
  /** One in so many trials is the end of its environment. */
  readonly deadly: number;
}

const stories: fc.Arbitrary<Story> = fc.record({
  seed: fc.nat(),
  environments: fc.integer({ min: 2, max: 8 }),
  turns: fc
    .array(fc.integer({ min: 5, max: 60 }), { minLength: 2, maxLength: 6 })
    .filter((turns) => turns.length % 2 === 0),
  deadly: fc.integer({ min: 2, max: 8 }),
});

/** A cool-down of 44 s at most, then 12 s for each environment that dies in its trial, and 20 s of peace. */
const recoveryMs = 180_000;

async function tell({ seed, environments, turns, deadly }: Story): Promise<{ log: FleetLog; time: VirtualTime }> {
  const random = seeded(seed);
  const time = virtualTime();
  const start = time.now();
  const lengthMs = turns.reduce((sum, turn) => sum + turn * 1000, 0);
  let alive = environments;
  const log = await runFleet({
    time,
    random,
    environments,
    skewMs: 2000,
    store: memoryHealthStore(() => time.pause(random() * 25)),
    settings: { coolDownSeconds: 10, maxCoolDownSeconds: 40 },
    until: start + lengthMs + recoveryMs,
    isAlive: (now) => isUp(turns, now - start),
    // Somebody must be left to find out.
    diesInTrial: () => {
      const dies = alive > 1 && random() * deadly < 1;
      if (dies) alive -= 1;
      return dies;
    },
  });
  return { log, time };
}

/** Up until the first turn, down until the second, and so on. */
function isUp(turns: readonly number[], sinceStart: number): boolean {
  let left = sinceStart;
  const passed = turns.findIndex((turn) => {
    left -= turn * 1000;
    return left < 0;
  });
  return passed === -1 || passed % 2 === 0;
}

const trialsOf = ({ tries }: FleetLog): readonly Try[] => tries.filter(({ trial }) => trial);

describe('a fleet whose clocks differ by ±2 s, with a relay that comes and goes and environments that die', () => {
  it('never has two trials at once, never closes without evidence, and always notices that the relay is back', async () => {
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const { log, time } = await tell(story);
        const { events } = log;

        for (const one of trialsOf(log)) {
          const end = one.endedAt ?? one.startedAt;
          const overlapping = trialsOf(log).filter(
            (other) => other !== one && other.startedAt >= one.startedAt && other.startedAt < end,
          );
          expect(overlapping).toEqual([]);
        }
        for (const { type, at, environment } of events) {
          if (type !== 'breaker-closed') continue;
          const opened = events.findLast((event) => event.type === 'breaker-opened' && event.at < at);
          const evidence = trialsOf(log).filter(
            (one) => one.environment === environment && one.answered && (one.endedAt ?? 0) <= at,
          );
          expect(evidence.some((one) => one.startedAt >= (opened?.at ?? 0))).toBe(true);
        }
        const last = log.tries.filter(({ startedAt }) => startedAt > time.now() - 20_000);
        expect(last.length).toBeGreaterThan(0);
        expect(last.every(({ trial, answered }) => !trial && answered)).toBe(true);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
