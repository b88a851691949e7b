import { parseArgs } from 'node:util';
import { seeded } from '../../test/support/random.ts';
import { judge } from './judge.ts';
import { runChaos } from './run.ts';
import { makeMails, shuffledBodies } from './workload.ts';

/**
 * Mails through the whole local system while its relays defer, refuse and hang up at random and its sender processes are
 * killed; then the ledger, the dead-letter queue and the mailboxes must agree on what became of every recipient.
 *
 *     node bench/chaos/main.ts --mails 10000 --seed 1
 */
const { values } = parseArgs({
  options: {
    mails: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'kill-seconds': { type: 'string', default: '4' },
  },
});
const mailCount = Number(values.mails);
const seed = Number(values.seed);
const killSeconds = Number(values['kill-seconds']);
const shownViolations = 20;

console.log(`${mailCount} mails, seed ${seed}, a process killed every ${killSeconds} s on average`);
const startedAt = Date.now();
const random = seeded(seed);
const mails = makeMails(mailCount, random);
const { evidence, counts } = await runChaos({
  bodies: shuffledBodies(mails, random),
  seed,
  random,
  killSeconds,
  patienceMs: 300_000 + mailCount * 60,
  onProgress: progress(),
});
const judgement = judge(mails, evidence);
const seconds = (Date.now() - startedAt) / 1000;
for (const [what, count] of Object.entries({ ...judgement.counts, ...counts })) {
  console.log(`${String(count).padStart(8)}  ${what}`);
}
for (const violation of judgement.violations.slice(0, shownViolations)) console.log(`WRONG  ${violation}`);
const { length: wrong } = judgement.violations;
console.log(`${wrong} violations, ${mailCount} mails in ${seconds.toFixed(0)} s, seed ${seed}`);
process.exitCode = wrong === 0 ? 0 : 1;

/** A line every ten seconds. */
function progress(): (line: string) => void {
  let shownAt = 0;
  return (line) => {
    if (Date.now() - shownAt < 10_000) return;
    shownAt = Date.now();
    console.log(line);
  };
}
