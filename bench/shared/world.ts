import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { readStageConfig } from '../../lib/contracts/stage-config.ts';
import { dynamoDbRelayHealth } from '../../lib/health/health-store.ts';
import type { RelayHealthItem } from '../../lib/health/item.ts';
import { countMetrics, type SenderCounts } from '../../local/commands/function-log.ts';
import { queueDepth } from '../../local/commands/progress.ts';
import { type LocalSystem, startSystem } from '../../local/commands/system.ts';
import { type AwsClients, createAwsClients } from '../../local/platform/aws-clients.ts';
import type { EmbeddedRelay } from '../../local/relays/relay.ts';
import { type LogRecords, logRecords } from '../../local/scenarios/log-records.ts';
import { drainDeadLetters, readLedger } from '../chaos/evidence.ts';
import { type Account, accountFor } from './account.ts';

export interface BenchMail {
  readonly key: string;
  readonly recipient: string;
}

/** The whole of Postroom with the bundles that would be deployed, and everything that happens in it. */
export interface World {
  readonly system: LocalSystem;
  readonly clients: AwsClients;
  readonly log: LogRecords;
  /** What the sender has published as metrics so far. */
  counts(): SenderCounts;
  /** Mails that were published, in order. */
  readonly published: readonly BenchMail[];
  relay(name: string): EmbeddedRelay;
  /** Publishes so many mails of one recipient each. */
  publish(count: number): Promise<void>;
  /** A mail that the caller hands to the sender without the queue. */
  unqueued(): BenchMail & { readonly body: string };
  depth(): ReturnType<typeof queueDepth>;
  health(relay: string): Promise<RelayHealthItem | undefined>;
  /** Waits until the queue is empty, or until nothing has left it for so long; then settles up. */
  settle(patienceMs: number): Promise<Account>;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** A stage config, as a stage file would hold it. */
  readonly config: object;
  readonly relayIdleMs?: number;
}

/** Starts it in a directory of its own. What the system lives with, such as an invocation that failed, is printed. */
export async function openWorld({ config, relayIdleMs }: WorldOptions): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'postroom-bench-'));
  const log = logRecords();
  const metrics = countMetrics();
  // What is at work when the experiment is over is ended, and that is no news.
  const over = new AbortController();
  try {
    const system = await startSystem({
      stage: 'bench',
      config: readStageConfig(config),
      stateDir: directory,
      onLog: (line) => {
        log.add(line);
        metrics.add(line);
      },
      onProblem: (message) => over.signal.aborted || console.log(`  note: ${message}`),
      ...(relayIdleMs !== undefined && { relayIdleMs }),
    });
    return { ...inhabit(system, log, directory, over), counts: metrics.counts };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

function inhabit(
  system: LocalSystem,
  log: LogRecords,
  directory: string,
  over: AbortController,
): Omit<World, 'counts'> {
  const { endpoints, mailbox, relays } = system;
  const { IntakeQueueUrl = '', DeadLetterQueueUrl = '', LedgerTableName = '', ...others } = endpoints.outputs;
  const clients = createAwsClients(endpoints);
  const { sqs, dynamodb } = clients;
  const store = dynamoDbRelayHealth({
    client: dynamodb,
    tableName: others['RelayHealthTableName'] ?? '',
    onUnreadable: (relay) => console.log(`  note: the health item of ${relay} is unreadable`),
  });
  const published: BenchMail[] = [];
  const depth = () => queueDepth(sqs, IntakeQueueUrl);
  return {
    system,
    clients,
    log,
    published,
    depth,
    relay: (name) => {
      const relay = relays.get(name);
      if (relay === undefined) throw new Error(`no relay ${name}`);
      return relay;
    },
    publish: async (count) => {
      const mails = Array.from({ length: count }, (_, index) => nthMail(published.length + index));
      published.push(...mails);
      const batches = Array.from({ length: Math.ceil(count / 10) }, (_, index) =>
        mails.slice(10 * index, 10 * index + 10),
      );
      await Promise.all(
        batches.map(async (batch) => {
          const Entries = batch.map((mail, index) => ({ Id: String(index), MessageBody: bodyOf(mail) }));
          await sqs.send(new SendMessageBatchCommand({ QueueUrl: IntakeQueueUrl, Entries }));
        }),
      );
    },
    unqueued: () => {
      const mail = nthMail(published.length);
      published.push(mail);
      return { ...mail, body: bodyOf(mail) };
    },
    health: (relay) => store.read(relay),
    settle: async (patienceMs) => {
      const queued = await untilEmpty(depth, patienceMs);
      const arrivals = new Map<string, number>();
      for (const to of mailbox.list().flatMap(({ envelope }) => envelope.to))
        arrivals.set(to, (arrivals.get(to) ?? 0) + 1);
      const ledger = await readLedger(dynamodb, LedgerTableName);
      const deadLetters = (await drainDeadLetters(sqs, DeadLetterQueueUrl)).map(({ reason }) => reason);
      return accountFor(published, { arrivals, ledger, deadLetters, queued });
    },
    close: async () => {
      over.abort();
      clients.destroy();
      await system.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function nthMail(index: number): BenchMail {
  const name = String(index).padStart(6, '0');
  return { key: `bench/${name}`, recipient: `r${name}@bench.example` };
}

function bodyOf({ key, recipient }: BenchMail): string {
  return JSON.stringify({
    idempotencyKey: key,
    from: 'Bench <bench@sender.example>',
    to: [recipient],
    subject: `Mail ${key}`,
    text: `This is ${key}.`,
    html: `<p>This is <b>${key}</b>.</p>`,
  });
}

async function untilEmpty(depth: World['depth'], patienceMs: number): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let deadline = Number.POSITIVE_INFINITY; ; ) {
    const { queued, inFlight } = await depth();
    const left = queued + inFlight;
    if (left < fewest) deadline = Date.now() + patienceMs;
    fewest = Math.min(fewest, left);
    if (left === 0 || Date.now() > deadline) return left;
    await pause(250);
  }
}
