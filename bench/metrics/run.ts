import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { type MetricName, metricNamespace } from '../../lib/contracts/metrics.ts';
import type { Random } from '../../lib/platform/clock.ts';
import { ingestEmf } from '../../local/metrics/emf.ts';
import { createMetricStore, type MetricStore } from '../../local/metrics/store.ts';
import { createAwsClients } from '../../local/platform/aws-clients.ts';
import { type Platform, runStack } from '../../local/platform/platform.ts';
import type { SynthesisedStack } from '../../local/template/cloud-assembly.ts';
import { synthesise } from '../../local/template/synthesise.ts';
import { impatient } from '../../test/support/impatient.ts';
import { drainDeadLetters, readLedger } from '../chaos/evidence.ts';
import { publish, untilEmpty } from '../chaos/run.ts';
import { type ChaosMail, shuffledBodies } from '../chaos/workload.ts';
import { type Comparison, type Facts, relayComparisons, stageComparisons } from './compare.ts';
import { startWitnesses } from './relays.ts';

const stage = 'bench';

/** Fast retries; SMTP's time-outs are long, so that a busy machine is no fault that only one side sees. */
const stageConfig = {
  relays: {
    primary: { weight: 3, maxConnections: 60, maxRecipients: 10 },
    secondary: { weight: 1, maxConnections: 60, maxRecipients: 10 },
  },
  sender: { maxConcurrency: 3, timeoutSeconds: 180 },
  retry: { baseSeconds: 1, factor: 2, maxSeconds: 8, jitter: 0.2, maxAttempts: 20 },
  breaker: { coolDownSeconds: 1, maxCoolDownSeconds: 2 },
};

/** A message that SQS keeps hidden after its invocation comes back when its lease has ended, not after six time-outs. */
const visibilitySeconds = stageConfig.sender.timeoutSeconds + 12;
const dayMs = 24 * 3_600_000;

export interface MetricsOptions {
  readonly mails: readonly ChaosMail[];
  readonly seed: number;
  readonly random: Random;
  onProgress?(line: string): void;
}

/** Publishes the mails to a local system whose relays fail at random, and holds its metrics against what happened. */
export async function benchMetrics(options: MetricsOptions): Promise<readonly Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), 'postroom-metrics-'));
  const witnesses = await startWitnesses(Object.keys(stageConfig.relays), options.seed);
  const store = createMetricStore(dayMs);
  let handedOut = 0;
  try {
    const configPath = join(folder, 'stage.json');
    await writeFile(configPath, JSON.stringify(stageConfig));
    const stack = await synthesise({ stage, configPath, outputDirectory: join(folder, 'cdk.out') });
    const platform = await runStack(impatient(unscheduled(stack), visibilitySeconds), {
      secrets: Object.fromEntries(witnesses.map(({ relay }) => [relay.name, JSON.stringify(relay.secret)])),
      onLog: ({ line }) => ingestEmf(line, store),
      onInvocation: ({ event }) => {
        handedOut += recordsIn(event);
      },
      onProblem: (message) => console.log(`  note: ${message}`),
    });
    let facts: Omit<Facts, 'handedOut'>;
    try {
      facts = await deliverAll(platform, options);
    } finally {
      // Function processes end with QUITs and their last metrics.
      await platform.close();
    }
    const sumOf = sums(store);
    return [...stageComparisons({ ...facts, handedOut }, witnesses, sumOf), ...relayComparisons(witnesses, sumOf)];
  } finally {
    await Promise.all(witnesses.map(({ relay }) => relay.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** The relays' account is about the sender's connections: those of the probe function would stand in it as well. */
function unscheduled({ template, ...stack }: SynthesisedStack): SynthesisedStack {
  const resources = Object.entries(template.Resources).filter(
    ([, { Properties }]) => Properties['ScheduleExpression'] === undefined,
  );
  return { ...stack, template: { ...template, Resources: Object.fromEntries(resources) } };
}

async function deliverAll(
  { outputs, endpoints }: Platform,
  options: MetricsOptions,
): Promise<Omit<Facts, 'handedOut'>> {
  const { IntakeQueueUrl = '', DeadLetterQueueUrl = '', LedgerTableName = '' } = outputs;
  const { sqs, dynamodb, destroy } = createAwsClients(endpoints);
  const { mails, random, onProgress = () => {} } = options;
  try {
    await publish(sqs, IntakeQueueUrl, shuffledBodies(mails, random));
    await untilEmpty(sqs, IntakeQueueUrl, { patienceMs: 300_000 + mails.length * 60, onProgress });
    const ledger = await readLedger(dynamodb, LedgerTableName);
    return { mails, ledger: [...ledger.values()], deadLetters: await drainDeadLetters(sqs, DeadLetterQueueUrl) };
  } finally {
    destroy();
  }
}

const batch = v.object({ Records: v.array(v.object({ eventSource: v.literal('aws:sqs') })) });

/** Messages of an invocation of the sender; 0 of any other. */
function recordsIn(event: unknown): number {
  const read = v.safeParse(batch, event);
  return read.success ? read.output.Records.length : 0;
}

function sums(store: MetricStore) {
  const always = { from: 0, to: Number.POSITIVE_INFINITY };
  return (name: MetricName, dimensions: Readonly<Record<string, string>>): number =>
    store.statistic({ namespace: metricNamespace, name, dimensions: { stage, ...dimensions } }, 'Sum', always) ?? 0;
}
