import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Sender } from '../../../functions/compose-sender.ts';
import { dynamoDbLedger } from '../../../lib/ledger/dynamodb-store.ts';
import { seeded } from '../../support/random.ts';
import { type ScriptedRelay, startScriptedRelay, type Turn } from '../../support/scripted-relay.ts';
import { depth, dlq, ended, moveAfter, put, type Stage, startDlq, startStage } from './fixture.ts';
import { createSender, invokeOnce } from './sender.ts';
import type { Fate } from './sqs-proxy.ts';

const mails = 1000;
const random = seeded(20_261_124);

let stage: Stage;
let relay: ScriptedRelay;
let sender: Sender;

beforeEach(async () => {
  // The sender's logs and metrics.
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  stage = await startStage();
  relay = await startScriptedRelay();
  sender = await createSender(stage, relay);
});
afterEach(async () => {
  await sender.close();
  await relay.close();
  await stage.close();
  vi.restoreAllMocks();
});

/** ada has the mail from the start, bob and every third eve are refused; every tenth mail only has to wait for bob. */
const isStuck = (index: number) => index % 10 === 9;
const recipientsOf = (index: number) =>
  ['ada', 'bob', ...(index % 3 === 0 ? ['eve'] : [])].map((name) => `${name}-${index}@example.org`);

async function publish(index: number): Promise<string> {
  const key = index % 2 === 0 ? { idempotencyKey: `mail-${index}` } : {};
  const message = {
    ...key,
    from: 'shop@example.com',
    to: recipientsOf(index),
    subject: `Mail ${index}`,
    text: 'Hello',
  };
  const messageId = await put(stage, stage.intakeUrl, JSON.stringify(message));
  return index % 2 === 0 ? `mail-${index}` : messageId;
}

function refuseMost({ command }: Turn) {
  const [, name, index] = /<(\w+)-(\d+)@/.exec(command) ?? [];
  if (name === 'ada') return undefined;
  return { reply: isStuck(Number(index)) ? '450 4.2.1 try later' : '550 5.1.1 no such user' };
}

/** Nothing that leaves a delivery in doubt; each mail gets through in the end. */
function sometimesRefuse(): (turn: Turn) => { reply: string } | undefined {
  const refused = new Set<string>();
  return ({ command }) => {
    const chance = random();
    if (chance < 0.1) return { reply: '451 4.2.1 try later' };
    if (chance > 0.13 || refused.has(command)) return undefined;
    refused.add(command);
    return { reply: '550 5.1.1 no such user, once more' };
  };
}

/** How often the relay took a mail for each recipient. */
function deliveries(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { recipients, taken } of relay.messages) {
    if (!taken) continue;
    for (const command of recipients) {
      const address = /<(.*)>/.exec(command)?.[1] ?? '';
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
  }
  return counts;
}

const faulty = (): Fate => {
  const fates: Fate[] = ['error-before', 'error-after', 'hang-up-before', 'hang-up-after'];
  return random() < 0.02 ? (fates[Math.floor(random() * fates.length)] ?? 'pass') : 'pass';
};

/** Runs a redrive that is killed in the middle of its n-th request of that kind, before or after it had its effect. */
async function redriveUntilKilled(action: string, fate: Fate, count: number): Promise<NodeJS.Signals | null> {
  const child = startDlq(stage, 'redrive', '--yes', '--rate', '1000', '--hold', '2');
  let seen = 0;
  stage.proxy.fate = (current) => {
    if (current === action) seen += 1;
    if (current !== action || seen !== count) return faulty();
    child.kill('SIGKILL');
    return fate;
  };
  await ended(child);
  stage.proxy.fate = faulty;
  return child.signalCode;
}

/** As many invocations at once as a small stage has. */
async function concurrently(invoke: () => Promise<void>): Promise<void> {
  await Promise.all([invoke(), invoke(), invoke(), invoke()]);
}

async function isEmpty(): Promise<boolean> {
  const depths = await Promise.all([depth(stage, stage.deadLetterUrl), depth(stage, stage.intakeUrl)]);
  return depths.every(({ visible, hidden }) => visible + hidden === 0);
}

it('redrives 1,000 dead letters under faults, killed three times: who is missing gets the mail once, who has it not at all', async () => {
  relay.script = { rcpt: refuseMost };
  const keys = await Promise.all(Array.from({ length: mails }, (_, index) => publish(index)));
  let handled = 0;
  await concurrently(async () => {
    while (handled < mails) {
      const received = await invokeOnce(stage, sender);
      handled += received;
    }
  });
  await moveAfter(stage, 1);
  while ((await depth(stage, stage.intakeUrl)).hidden + (await depth(stage, stage.intakeUrl)).visible > 0) {
    // Received once too often: SQS moves them by itself, and hands out nothing.
    expect(await invokeOnce(stage, sender)).toBe(0);
  }
  await moveAfter(stage, 1000);
  expect(await depth(stage, stage.deadLetterUrl)).toEqual({ visible: mails, hidden: 0 });
  expect(deliveries().size).toBe(mails);

  relay.script = { rcpt: sometimesRefuse(), final: () => (random() < 0.03 ? { reply: '451 4.3.0 later' } : undefined) };
  let over = false;
  const sending = concurrently(async () => {
    while (!over) await invokeOnce(stage, sender);
  });
  const within = (limit: number) => 1 + Math.floor(random() * limit);
  const killed = [
    await redriveUntilKilled('SendMessage', 'hang-up-after', within(250)),
    await redriveUntilKilled('DeleteMessage', 'hang-up-before', within(250)),
    await redriveUntilKilled('DeleteMessage', 'hang-up-after', within(250)),
  ];
  while (!(await isEmpty())) await dlq(stage, 'redrive', '--yes', '--rate', '1000', '--hold', '2');
  over = true;
  await sending;

  expect(killed).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
  const everybody = Array.from({ length: mails }, (_, index) => recipientsOf(index)).flat();
  const counts = deliveries();
  expect(everybody.filter((address) => counts.get(address) !== 1)).toEqual([]);
  expect(counts.size).toBe(everybody.length);
  const ledger = dynamoDbLedger(stage.clients.dynamodb, stage.ledgerTable);
  const items = await Promise.all(keys.map((key) => ledger.read(key)));
  expect(items.filter((item) => item?.state !== 'settled')).toEqual([]);
}, 600_000);
