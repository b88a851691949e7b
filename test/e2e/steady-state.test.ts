import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { queueDepth } from '../../local/commands/progress.ts';
import { sumOf } from '../support/emf.ts';
import { type ScriptedRelay, startScriptedRelay } from '../support/scripted-relay.ts';
import type { Call } from './support/gate.ts';
import { type GatedStack, startGatedStack } from './support/gated-stack.ts';

const mailCount = 200;
const environments = 2;
/** The sender keeps what it knows of the relays' health this long. */
const healthCacheMs = 5000;

let relay: ScriptedRelay;
let stack: GatedStack;
let published = 0;
/** What the functions wrote. */
const lines: string[] = [];

beforeAll(async () => {
  relay = await startScriptedRelay();
  const config = {
    relays: { primary: { allowPlaintext: true, maxConnections: 60 } },
    sender: { maxConcurrency: environments },
  };
  const secrets = { primary: { host: relay.host, port: relay.port, tls: 'none' } };
  stack = await startGatedStack({ config, secrets, visibilitySeconds: 60, onLog: ({ line }) => lines.push(line) });
  // Warm: every environment has started, read the secret and holds sessions.
  await vi.waitFor(
    async () => {
      await deliver(40);
      expect(stack.pids()).toHaveLength(environments);
    },
    { timeout: 60_000 },
  );
}, 120_000);

afterAll(async () => {
  await stack?.close();
  await relay?.close();
});

/** Publishes so many mails and waits until the queue has forgotten them. */
async function deliver(count: number): Promise<void> {
  const QueueUrl = stack.outputs['IntakeQueueUrl'] ?? '';
  const bodies = Array.from({ length: count }, () => {
    published += 1;
    const to = [`r${published}@example.org`];
    return JSON.stringify({ idempotencyKey: `steady/${published}`, from: 'shop@example.com', to, text: 'Hello' });
  });
  for (let start = 0; start < count; start += 10) {
    const Entries = bodies.slice(start, start + 10).map((MessageBody, index) => ({ Id: String(index), MessageBody }));
    await stack.aws.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  await vi.waitFor(async () => expect(await queueDepth(stack.aws.sqs, QueueUrl)).toEqual({ queued: 0, inFlight: 0 }), {
    timeout: 60_000,
  });
}

/** Metrics of so many received mails are written: a function's output may come after its answer. */
async function reported(mails = published): Promise<void> {
  await vi.waitFor(() => expect(sumOf(lines, 'MessagesReceived')).toBe(mails), { timeout: 10_000 });
}

function perAction(calls: readonly Call[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action } of calls) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

describe('in steady state', () => {
  it('a delivered mail costs two writes, no reads, no secret and no visibility change', async () => {
    expect(perAction(stack.secretsManager.calls)).toHaveProperty('GetSecretValue');
    const before = { ...stack.counts() };
    const seen = [stack.dynamodb, stack.sqs, stack.secretsManager].map(({ calls }) => calls.length);
    const startedAt = Date.now();
    await reported();
    lines.splice(0);

    await deliver(mailCount);

    const [tables = [], queues, secrets] = [stack.dynamodb, stack.sqs, stack.secretsManager].map(({ calls }, index) =>
      calls.slice(seen[index]),
    );
    const isLedger = ({ body }: Call): boolean => body.includes(`"TableName":"${stack.outputs['LedgerTableName']}"`);
    expect(perAction(tables.filter(isLedger))).toEqual({ PutItem: 2 * mailCount });
    expect(queues).toEqual([]);
    expect(secrets).toEqual([]);
    // Not per mail: each environment looks at the relays' health every few seconds, and writes nothing of it.
    const health = perAction(tables.filter((call) => !isLedger(call)));
    expect(Object.keys(health).filter((action) => action !== 'BatchGetItem')).toEqual([]);
    const looks = environments * Math.ceil((Date.now() - startedAt) / healthCacheMs + 1);
    expect(health['BatchGetItem'] ?? 0).toBeLessThanOrEqual(looks);

    // What the event source mapping did is not the sender's: one delete for each batch of at most ten.
    const added = (action: string): number => (stack.counts()[action] ?? 0) - (before[action] ?? 0);
    expect(added('SQS.DeleteMessageBatch')).toBeGreaterThanOrEqual(mailCount / 10);
    expect(added('SQS.ReceiveMessage')).toBeGreaterThanOrEqual(added('SQS.DeleteMessageBatch'));
    expect(added('SQS.ChangeMessageVisibilityBatch')).toBe(0);
    expect(relay.messages).toHaveLength(published);

    // The same as on-call sees it: requests of the sender per mail, two and the looks at the relays' health.
    await reported(mailCount);
    const calls = sumOf(lines, 'AwsCalls');
    expect(calls).toBeGreaterThanOrEqual(2 * mailCount);
    expect(calls).toBeLessThanOrEqual(tables.length);
    expect(calls / mailCount).toBeLessThanOrEqual(4);
    expect(sumOf(lines, 'CredentialRefreshes')).toBe(0);
  }, 60_000);
});
