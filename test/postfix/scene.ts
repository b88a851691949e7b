import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { dynamoDbLedger } from '../../lib/ledger/dynamodb-store.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import { type AwsClients, createAwsClients } from '../../local/platform/aws-clients.ts';
import { type Platform, startPlatform } from '../../local/platform/platform.ts';
import { killProcesses } from '../support/kill-processes.ts';
import { createCertificates } from '../support/tls.ts';
import { startPolicyServer } from './policy.ts';
import { createPostfix, type Postfix } from './postfix.ts';

const login = { username: 'postroom', password: 'correct horse' };

/** Short time-outs and waits, as in the chaos run: what Postfix interrupts is soon tried again. */
const config = {
  relays: { postfix: { maxConnections: 30 } },
  sender: { maxConcurrency: 2, timeoutSeconds: 20 },
  smtp: { connectSeconds: 2, greetingSeconds: 3, commandSeconds: 5, finalReplySeconds: 5 },
  retry: { baseSeconds: 1, factor: 2, maxSeconds: 4, jitter: 0.2 },
  breaker: { coolDownSeconds: 1, maxCoolDownSeconds: 2 },
  bounces: { mode: 'dsn' },
};

/** The local system with a real Postfix as its only relay. */
export interface Scene {
  readonly postfix: Postfix;
  readonly aws: AwsClients;
  /** Recipients that Postfix defers as its policy server tells it. */
  readonly greylist: Set<string>;
  /** What the functions logged. */
  readonly logs: readonly string[];
  output(key: string): string;
  publish(bodies: readonly string[]): Promise<void>;
  ledgerItem(key: string): Promise<LedgerItem | undefined>;
  /** Gives the relay other credentials, which are in use within a minute. */
  putSecret(changes: object): Promise<void>;
  /** As {@link putSecret}, and ends the idle function processes: new ones read the secret at once. */
  useSecret(changes: object): Promise<void>;
  close(): Promise<void>;
}

type Closer = () => Promise<unknown>;

export async function startScene(): Promise<Scene> {
  const closers: Closer[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return { ...(await compose(closers)), close };
  } catch (error) {
    // A Postfix that is left behind outlives this process.
    await close();
    throw error;
  }
}

async function compose(closers: Closer[]): Promise<Omit<Scene, 'close'>> {
  const folder = await mkdtemp(join(tmpdir(), 'postroom-postfix-test-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const configPath = join(folder, 'stage.json');
  await writeFile(configPath, JSON.stringify(config));
  const { ca, right: certificate } = await createCertificates();
  const greylist = new Set<string>();
  // Deferred once each.
  const policy = await startPolicyServer((to) => (greylist.delete(to) ? '450 4.7.1 Greylisted, come back' : 'DUNNO'));
  closers.push(() => policy.close());
  const postfix = await createPostfix({
    certificate,
    login,
    mailboxes: ['ada@example.org', 'bob@example.org', 'returns@example.org', '@bulk.example'],
    // Nobody asks the DNS about a return path in an address literal.
    aliases: { 'returns@[127.0.0.1]': 'returns@example.org' },
    policyPort: policy.port,
  });
  closers.push(() => postfix.close());
  await postfix.start();
  const secret = { host: '127.0.0.1', port: postfix.port, tls: 'starttls', servername: 'localhost', ca, ...login };
  const logs: string[] = [];
  const platform = await startPlatform({
    stage: 'postfix',
    configPath,
    stateDirectory: folder,
    onLog: ({ line }) => logs.push(line),
    secrets: { postfix: JSON.stringify(secret) },
  });
  closers.push(() => platform.close());
  return { postfix, greylist, logs, ...access(platform, secret) };
}

function access(platform: Platform, secret: object): Omit<Scene, 'postfix' | 'greylist' | 'logs' | 'close'> {
  const aws = createAwsClients(platform.endpoints);
  const output = (key: string): string => platform.outputs[key] ?? '';
  const ledger = dynamoDbLedger(aws.dynamodb, output('LedgerTableName'));
  const putSecret = (changes: object): Promise<void> =>
    platform.setSecret('postfix', JSON.stringify({ ...secret, ...changes }));
  return {
    aws,
    output,
    publish: async (bodies) => {
      for (let start = 0; start < bodies.length; start += 10) {
        const batch = bodies.slice(start, start + 10);
        const Entries = batch.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
        await aws.sqs.send(new SendMessageBatchCommand({ QueueUrl: output('IntakeQueueUrl'), Entries }));
      }
    },
    ledgerItem: (key) => ledger.read(key),
    putSecret,
    useSecret: async (changes) => {
      await putSecret(changes);
      await killProcesses(platform.functions);
    },
  };
}

/** Looks until there is something to see. @throws Error when there is nothing in time */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await pause(100);
  }
}
