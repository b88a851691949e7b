import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DeadLetter, drainDeadLetters, readLedger } from '../../bench/chaos/evidence.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import { queueDepth } from '../../local/commands/progress.ts';
import { type ScriptedRelay, startScriptedRelay, type Turn } from '../support/scripted-relay.ts';
import { type GatedStack, startGatedStack } from './support/gated-stack.ts';
import { batchPoints, keyOf, mailPoints, type Point } from './support/points.ts';

/** Every phase may take as long as a slow machine takes to bring all mails to their points. */
const config = {
  relays: { primary: { allowPlaintext: true } },
  sender: { maxConcurrency: 2, timeoutSeconds: 20 },
  smtp: { connectSeconds: 1, greetingSeconds: 1, commandSeconds: 5, finalReplySeconds: 5 },
  retry: { baseSeconds: 1, maxSeconds: 2, jitter: 0 },
};

const points = [...mailPoints, ...batchPoints];
const addressOf = (point: Point): string => `point-${points.indexOf(point)}@crash.example`;

let relay: ScriptedRelay;
let stack: GatedStack;
let ledger: ReadonlyMap<string, LedgerItem>;
let deadLetters: readonly DeadLetter[];
let stalling = true;

beforeAll(async () => {
  relay = await startScriptedRelay();
  misbehave();
  const secret = { host: relay.host, port: relay.port, tls: 'none' };
  stack = await startGatedStack({ config, secrets: { primary: secret }, visibilitySeconds: 8 });
  await killAt(mailPoints);
  stalling = false;
  for (const point of batchPoints) await killAt([point]);
  const { IntakeQueueUrl = '', DeadLetterQueueUrl = '', LedgerTableName = '' } = stack.outputs;
  await vi.waitFor(
    async () => expect(await queueDepth(stack.aws.sqs, IntakeQueueUrl)).toEqual({ queued: 0, inFlight: 0 }),
    { timeout: 90_000, interval: 200 },
  );
  ledger = await readLedger(stack.aws.dynamodb, LedgerTableName);
  deadLetters = await drainDeadLetters(stack.aws.sqs, DeadLetterQueueUrl);
}, 120_000);

afterAll(async () => {
  await stack?.close();
  await relay?.close();
});

/** Brings a mail to each of the points, all in one batch, and kills the sender when all stand still. */
async function killAt(some: readonly Point[]): Promise<void> {
  const reached = some.map((point) => point.stop({ stack, relay, address: addressOf(point) }));
  const Entries = some.map((point, index) => ({ Id: String(index), MessageBody: JSON.stringify(mailFor(point)) }));
  await stack.aws.sqs.send(new SendMessageBatchCommand({ QueueUrl: stack.outputs['IntakeQueueUrl'], Entries }));
  await Promise.all(reached);
  await stack.killAll();
  stack.dynamodb.open();
  stack.sqs.open();
}

function mailFor(point: Point): object {
  const address = addressOf(point);
  const { onUncertain } = point;
  return {
    idempotencyKey: keyOf(address),
    from: 'shop@example.com',
    to: [address],
    subject: point.name,
    text: 'Hello',
    ...(onUncertain && { onUncertain }),
  };
}

function misbehave(): void {
  const behaviourFor = (text: string) => points.find((point) => text.includes(addressOf(point)))?.relay;
  const lastRcpt = new Map<number, string>();
  const deferred = new Set<string>();
  relay.script = {
    rcpt: ({ connection, command }: Turn) => {
      lastRcpt.set(connection, command);
      const behaviour = behaviourFor(command);
      if (behaviour === 'refuses') return { reply: '550 5.1.1 user unknown' };
      if (behaviour === 'stalls at RCPT' && stalling) return 'stall';
      if (behaviour !== 'defers once' || deferred.has(command)) return undefined;
      deferred.add(command);
      return { reply: '450 4.2.0 try again later' };
    },
    final: ({ connection }: Turn) =>
      stalling && behaviourFor(lastRcpt.get(connection) ?? '') === 'stalls after the final dot' ? 'stall' : undefined,
  };
}

describe('a sender killed', () => {
  it.each(points)('$name: nothing is lost, and what repeats is counted', (point) => {
    const address = addressOf(point);
    const item = ledger.get(keyOf(address));
    const entries = deadLetters.filter(({ body }) => body.includes(address));
    const asked = relay.commands().filter((line) => line.startsWith('RCPT') && line.includes(address)).length;
    const copies = relay.messages.filter(({ recipients }) => recipients.some((to) => to.includes(address))).length;

    expect({ copies, asked, crashes: item?.crashes, deadLetters: entries.map(({ reason }) => reason) }).toEqual(
      point.expected,
    );
    expect(item?.state).toBe('settled');
    expect(Object.values(item?.deadLetters ?? {}).filter(({ pending }) => pending)).toEqual([]);
    expect(item?.recipients[address]?.status).toBe(entries.length === 0 ? 'accepted' : 'failed');
    // A repeated entry is recognisable, and names whom it is about.
    expect(new Set(entries.map(({ deadLetterId }) => deadLetterId)).size).toBeLessThanOrEqual(1);
    for (const { recipients } of entries) expect(recipients).toEqual([address]);
  });
});
