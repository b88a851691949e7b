import { setTimeout as pause } from 'node:timers/promises';
import type { FunctionHost } from '../../local/platform/function-host.ts';
import { sqsEvent } from '../../local/platform/sqs-event.ts';
import { atMost, type Condition, none } from '../shared/verdict.ts';
import { openWorld, type World } from '../shared/world.ts';

export interface FreezeOptions {
  readonly freezes: number;
  /** The relay ends a session that is silent for so long. */
  readonly relayIdleMs: number;
}

const config = { relays: { only: {} }, sender: { maxConcurrency: 2 } };

/** So much longer than the relay's patience is each freeze. */
const longerMs = 200;
/** For a process to hear what happened while it slept. */
const awakeMs = 60;
/** What the first mail after a thaw may cost more than a fresh connection, at the median. */
const allowedMs = 50;

/**
 * Freezes the sender's process between two mails for longer than the relay keeps its session. Every other time the
 * process is woken for a moment before the mail, so that it knows that its session is gone and simply opens a fresh one:
 * that is what the others are measured against.
 */
export async function benchFreeze({ freezes, relayIdleMs }: FreezeOptions): Promise<readonly Condition[]> {
  const world = await openWorld({ config, relayIdleMs });
  try {
    const sender = senderOf(world);
    await send(world, sender);
    const afterThaw: number[] = [];
    const fresh: number[] = [];
    for (let round = 1; round <= freezes; round += 1) {
      await pause(relayIdleMs + longerMs);
      afterThaw.push(await send(world, sender));
      await pause(relayIdleMs + longerMs);
      await wake(sender);
      fresh.push(await send(world, sender));
      if (round % 20 === 0)
        console.log(`  ${round} freezes: median ${median(afterThaw)} ms, fresh ${median(fresh)} ms`);
    }
    const account = await world.settle(10_000);
    const { log } = world;
    const reused = log.of('mail.attempt').filter((attempt) => attempt.reused).length;
    return [
      { says: 'freezes', measured: String(freezes), holds: afterThaw.length === freezes },
      none('mails that went out on a session from before a freeze (the relay had ended it)', reused),
      none('mails lost, dead-lettered or left in the queue', account.lost + account.deadLettered + account.queued),
      none('mails that arrived twice', account.repeats),
      none('attempts charged beyond the delivery', account.charged),
      none('faults held against the relay', log.of('relay.fault').length + log.of('relay.breaker-opened').length),
      atMost('first mail after a thaw, median', median(afterThaw), median(fresh) + allowedMs, ' ms'),
      { says: 'a fresh connection, median', measured: `${median(fresh)} ms`, holds: true },
    ];
  } finally {
    await world.close();
  }
}

function senderOf({ system }: World): FunctionHost {
  const name = system.endpoints.outputs['SenderFunctionName'];
  const host = system.platform.functions.find((one) => one.name === name);
  if (host === undefined) throw new Error('the sender function does not run');
  return host;
}

let receipts = 0;

/** Milliseconds from the invocation to the mail's arrival. */
async function send({ system, unqueued }: World, sender: FunctionHost): Promise<number> {
  const { body, recipient } = unqueued();
  const Attributes = { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) };
  receipts += 1;
  const message = { MessageId: `m-${receipts}`, ReceiptHandle: `r-${receipts}`, Body: body, Attributes };
  const queueArn = system.endpoints.outputs['IntakeQueueArn'] ?? '';
  const startedAt = Date.now();
  const result = await sender.invoke(sqsEvent([message], { queueArn, region: system.endpoints.region }));
  const arrived = system.mailbox.list({ to: recipient })[0];
  if (!result.ok || arrived === undefined) throw new Error(`${recipient} has no mail: ${JSON.stringify(result)}`);
  return Date.parse(arrived.receivedAt) - startedAt;
}

/** The platform leaves a process frozen until the next invocation; this one runs for a moment. */
async function wake(sender: FunctionHost): Promise<void> {
  for (const pid of sender.pids()) process.kill(pid, 'SIGCONT');
  await pause(awakeMs);
  for (const pid of sender.pids()) process.kill(pid, 'SIGSTOP');
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
