import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Random } from '../../lib/platform/clock.ts';
import { queueDepth } from '../../local/commands/progress.ts';
import { createAwsClients } from '../../local/platform/aws-clients.ts';
import { type Platform, runStack } from '../../local/platform/platform.ts';
import { synthesise } from '../../local/template/synthesise.ts';
import { impatient } from '../../test/support/impatient.ts';
import { drainDeadLetters, type Evidence, readLedger } from './evidence.ts';
import { startFaultyRelays } from './relays.ts';
import { stageConfig } from './stage.ts';

export interface ChaosOptions {
  readonly bodies: readonly string[];
  readonly seed: number;
  readonly random: Random;
  /** Seconds between two kills of a function process, on average. */
  readonly killSeconds: number;
  /** Kills at most; unlimited when absent. Each makes the run longer by the time that leases take to end. */
  readonly maxKills?: number;
  /** The run is given up after this time. */
  readonly patienceMs: number;
  onProgress?(line: string): void;
}

export interface ChaosRun {
  readonly evidence: Evidence;
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * What a killed process held comes back after this time: when its leases have just ended, 10 s after the function's
 * time-out. The template's six times the time-out would make the same run longer by minutes.
 */
const visibilitySeconds = stageConfig.sender.timeoutSeconds + 12;

/** Publishes everything to a local system whose relays fail at random and whose processes are killed, until it is done. */
export async function runChaos(options: ChaosOptions): Promise<ChaosRun> {
  const folder = await mkdtemp(join(tmpdir(), 'postroom-chaos-'));
  const relays = await startFaultyRelays(Object.keys(stageConfig.relays), options.seed);
  try {
    const configPath = join(folder, 'stage.json');
    await writeFile(configPath, JSON.stringify(stageConfig));
    const stack = await synthesise({ stage: 'chaos', configPath, outputDirectory: join(folder, 'cdk.out') });
    const secrets = Object.fromEntries(relays.relays.map(({ name, secret }) => [name, JSON.stringify(secret)]));
    const platform = await runStack(impatient(stack, visibilitySeconds), { secrets });
    try {
      const { evidence, counts } = await storm(platform, options);
      return { evidence: { ...evidence, arrivals: relays.arrivals }, counts: { ...relays.faults, ...counts } };
    } finally {
      await platform.close();
    }
  } finally {
    await relays.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function storm(platform: Platform, options: ChaosOptions) {
  const { outputs, endpoints } = platform;
  const { IntakeQueueUrl = '', DeadLetterQueueUrl = '', LedgerTableName = '' } = outputs;
  const clients = createAwsClients(endpoints);
  const over = new AbortController();
  try {
    const killing = killAtRandom(platform, options, over.signal);
    await publish(clients.sqs, IntakeQueueUrl, options.bodies);
    await untilEmpty(clients.sqs, IntakeQueueUrl, options);
    over.abort();
    const kills = await killing;
    const { queued, inFlight } = await queueDepth(clients.sqs, IntakeQueueUrl);
    const ledger = await readLedger(clients.dynamodb, LedgerTableName);
    const deadLetters = await drainDeadLetters(clients.sqs, DeadLetterQueueUrl);
    const counts = { 'processes killed': kills };
    return { evidence: { ledger, deadLetters, queued: queued + inFlight }, counts };
  } finally {
    over.abort();
    clients.destroy();
  }
}

/** SIGKILL at random moments, busy or idle alike. */
async function killAtRandom(
  platform: Platform,
  { random, killSeconds, maxKills = Number.POSITIVE_INFINITY }: ChaosOptions,
  signal: AbortSignal,
): Promise<number> {
  let kills = 0;
  while (!signal.aborted && kills < maxKills) {
    const waitMs = -Math.log(1 - random()) * killSeconds * 1000;
    await pause(waitMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted && platform.killRandomFunctionProcess() !== undefined) kills += 1;
  }
  return kills;
}

export async function publish(sqs: SQSClient, QueueUrl: string, bodies: readonly string[]): Promise<void> {
  for (let start = 0; start < bodies.length; start += 10) {
    const Entries = bodies.slice(start, start + 10).map((MessageBody, index) => ({ Id: String(index), MessageBody }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
}

export async function untilEmpty(
  sqs: SQSClient,
  queueUrl: string,
  { patienceMs, onProgress = () => {} }: Pick<ChaosOptions, 'patienceMs' | 'onProgress'>,
): Promise<void> {
  const startedAt = Date.now();
  for (;;) {
    const { queued, inFlight } = await queueDepth(sqs, queueUrl);
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    onProgress(`${seconds} s: ${queued} messages ready, ${inFlight} in flight or waiting`);
    if (queued + inFlight === 0 || Date.now() - startedAt > patienceMs) return;
    await pause(500);
  }
}
