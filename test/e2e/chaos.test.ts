import { describe, expect, it } from 'vitest';
import { judge } from '../../bench/chaos/judge.ts';
import { runChaos } from '../../bench/chaos/run.ts';
import { makeMails, shuffledBodies } from '../../bench/chaos/workload.ts';
import { seeded } from '../support/random.ts';

/** The small sister of `npm run chaos`. */
describe('faulty relays and killed processes', () => {
  it('lose nobody, and repeat nothing that the ledger did not count', { timeout: 240_000 }, async () => {
    const seed = 20_260_101;
    const random = seeded(seed);
    const mails = makeMails(300, random);

    const { evidence, counts } = await runChaos({
      bodies: shuffledBodies(mails, random),
      seed,
      random,
      // With this seed four kills fall into the first seconds.
      killSeconds: 2,
      maxKills: 5,
      patienceMs: 200_000,
    });

    const judgement = judge(mails, evidence);
    expect(judgement.violations).toEqual([]);
    expect(judgement.counts).toMatchObject({ mails: 300, 'refused as key-conflict': 2 });
    // Nothing is shown by a run in which nothing went wrong.
    for (const fault of [
      'processes killed',
      'recipients deferred',
      'recipients refused',
      'connections dropped before the body',
      'connections dropped after the final dot, mail taken',
      'connections dropped after the final dot, mail lost',
    ]) {
      expect(counts[fault], fault).toBeGreaterThan(0);
    }
  });
});
