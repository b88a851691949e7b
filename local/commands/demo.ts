import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { readStageConfig } from '../../lib/contracts/stage-config.ts';
import { runCommand } from '../../ops/shared/command.ts';
import { parseOrExplain } from '../../ops/shared/options.ts';
import { scripted } from '../relays/rules.ts';
import type { DeadLetterView } from './dead-letters.ts';
import { type DemoCase, demoCases, demoConfig, primaryRules } from './demo-cases.ts';
import { judge, type Observed } from './demo-judge.ts';
import { demoTable } from './demo-table.ts';
import { type RelayFaultLog, relayFaultLog } from './function-log.ts';
import { progressWriter } from './progress.ts';
import { type LocalSystem, startSystem } from './system.ts';
import { type LocalTarget, localTarget } from './target.ts';

const help = `Starts a local system of its own with relays that misbehave on purpose, sends one mail for each thing that
can happen to a mail, and shows what became of every one of them.

  npm run demo

Exits 0 when every fate is the expected one.
`;

/** The longest a fate may take; the slowest waits for two retries of a second or two. */
const patienceMs = 45_000;

async function demonstrate(stateDir: string): Promise<number> {
  console.log('Starting a local Postroom whose relays misbehave on purpose …');
  const faults = relayFaultLog();
  const system = await startSystem({
    stage: 'demo',
    config: readStageConfig(demoConfig),
    stateDir,
    behaviours: { primary: scripted(primaryRules) },
    onLog: faults.add,
  });
  // A demo that is interrupted must not leave function processes behind.
  const interrupted = () => void system.close().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await system.relays.get('offline')?.goDown();
    return await sendAndJudge(system, faults);
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await system.close();
  }
}

interface Published {
  readonly demo: DemoCase;
  readonly messageIds: readonly string[];
}

interface DemoRun {
  readonly system: LocalSystem;
  readonly target: LocalTarget;
  readonly published: readonly Published[];
  readonly faults: RelayFaultLog;
}

async function sendAndJudge(system: LocalSystem, faults: RelayFaultLog): Promise<number> {
  const target = localTarget(system.endpoints);
  const published: Published[] = [];
  for (const demo of demoCases) {
    const messageIds: string[] = [];
    for (const body of demo.bodies) messageIds.push((await target.publish(body)).messageId);
    published.push({ demo, messageIds });
  }
  console.log(`${demoCases.length} cases are on the intake queue; waiting until the fate of each is known …`);
  const observed = await settle({ system, target, published, faults });
  target.close();
  const results = published.map(({ demo }, index) => {
    const seen = observed[index] ?? { delivered: [], deadLetters: [], relayFaults: [] };
    return { demo, seen, wrong: judge(demo, seen) };
  });
  console.log(demoTable(results, process.stdout.columns ?? 120));
  const failed = results.filter(({ wrong }) => wrong.length > 0);
  for (const { demo, wrong } of failed) console.log(pc.red(`${demo.title}: ${wrong.join('; ')}`));
  console.log(failed.length === 0 ? pc.green('Every fate is the expected one.') : pc.red(`${failed.length} are not.`));
  return failed.length === 0 ? 0 : 1;
}

/** Looks until everything ended as expected and nothing is left in the queue, or patience ends. */
async function settle(run: DemoRun): Promise<readonly Observed[]> {
  const { target, published } = run;
  const writer = progressWriter(process.stdout);
  const deadline = Date.now() + patienceMs;
  for (;;) {
    // The queue first: what it shows as done is then in the ledger, the mailbox and the dead-letter queue.
    const { queued, inFlight } = await target.depth();
    const observed = await observe(run);
    const right = published.filter(({ demo }, index) => {
      const seen = observed[index];
      return seen !== undefined && judge(demo, seen).length === 0;
    });
    writer.show(`${right.length} of ${published.length} fates as expected, ${queued + inFlight} messages in the queue`);
    if ((right.length === published.length && queued + inFlight === 0) || Date.now() > deadline) {
      writer.end();
      return observed;
    }
    await delay(200);
  }
}

async function observe({ system, target, published, faults }: DemoRun): Promise<readonly Observed[]> {
  const { sources } = target;
  const deadLetters = await sources.deadLetters();
  const copies = system.mailbox.list().flatMap(({ envelope, relay }) => envelope.to.map((to) => ({ to, relay })));
  return Promise.all(
    published.map(async ({ demo, messageIds }) => {
      const item = demo.key === undefined ? undefined : await sources.ledger.read(demo.key);
      return {
        delivered: copies.filter(({ to }) => demo.bodies.some((body) => body.includes(`"${to}"`))),
        deadLetters: deadLetters.filter((entry) => concerns(entry, demo, messageIds)),
        relayFaults: demo.key === undefined ? [] : faults.of(demo.key),
        ...(item !== undefined && { item }),
      };
    }),
  );
}

function concerns(entry: DeadLetterView, { key }: DemoCase, messageIds: readonly string[]): boolean {
  return entry.sourceMessageId === undefined ? entry.key === key : messageIds.includes(entry.sourceMessageId);
}

await runCommand(async () => {
  const { values } = parseOrExplain(() =>
    parseArgs({ options: { help: { type: 'boolean', default: false } }, args: process.argv.slice(2) }),
  );
  if (values.help) {
    console.log(help);
    return 0;
  }
  const stateDir = await mkdtemp(join(tmpdir(), 'postroom-demo-'));
  try {
    return await demonstrate(stateDir);
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
});
