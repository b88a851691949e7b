import { setTimeout as pause } from 'node:timers/promises';
import { GetEventSourceMappingCommand, LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { steadyTraffic } from '../../local/scenarios/traffic.ts';
import { atMost, type Condition, none } from '../shared/verdict.ts';
import { openWorld, type World } from '../shared/world.ts';

export interface OutageOptions {
  readonly outageSeconds: number;
  /** Mails on the queue when the outage begins. */
  readonly waiting: number;
  /** Mails that arrive during the outage, per second. */
  readonly arriving: number;
}

/** Cool-downs, probes and retries as a stage has them by default. */
const config = { relays: { alpha: {}, beta: {} }, sender: { maxConcurrency: 4 } };

/** Nothing waits for longer, once the relays are back: mail that has waited for ten minutes is looked at every minute. */
const drainMs = 240_000;
/** One before the pause, one that delivers; and what arrived during the pause needs only that one. */
const receivesPerMail = 2;
const glanceMs = 5000;

/** Every relay is away while thousands of mails wait and more arrive. */
export async function benchOutage({ outageSeconds, waiting, arriving }: OutageOptions): Promise<readonly Condition[]> {
  const world = await openWorld({ config });
  const lambda = lambdaOf(world);
  const over = new AbortController();
  try {
    await Promise.all(['alpha', 'beta'].map((name) => world.relay(name).goDown()));
    await world.publish(waiting);
    console.log(
      `${'second'.padStart(6)}  ${'mapping'.padEnd(12)}${'published'.padEnd(11)}${'received'.padEnd(10)}delivered`,
    );
    const watching = watch(world, lambda, over.signal);
    const end = new AbortController();
    const traffic = steadyTraffic(world, arriving, end.signal);
    await pause(outageSeconds * 1000);
    const duringOutage = world.counts().receives;
    await Promise.all(['alpha', 'beta'].map((name) => world.relay(name).comeBack()));
    const backAt = Date.now();
    console.log('        the relays are back');
    await pause(glanceMs);
    end.abort();
    await traffic;
    const account = await world.settle(drainMs);
    over.abort();
    await watching;
    return conditions(world, { account, backAt, duringOutage });
  } finally {
    over.abort();
    lambda.destroy();
    await world.close();
  }
}

interface Seen {
  readonly account: Awaited<ReturnType<World['settle']>>;
  readonly backAt: number;
  readonly duringOutage: number;
}

function conditions({ log, counts }: World, { account, backAt, duringOutage }: Seen): readonly Condition[] {
  const paused = log.of('intake.paused', { to: backAt });
  const resumed = log.of('intake.resumed', { from: backAt });
  const { receives } = counts();
  return [
    { says: 'the intake was paused during the outage', measured: `${paused.length} times`, holds: paused.length > 0 },
    { says: 'and runs again', measured: `${resumed.length} times resumed`, holds: resumed.length > 0 },
    none('mails lost, dead-lettered or left in the queue', account.lost + account.deadLettered + account.queued),
    none('mails that arrived twice', account.repeats),
    none('attempts charged beyond the delivery', account.charged),
    atMost(
      `receives per mail (${receives} for ${account.mails}, ${duringOutage} of them while no relay was there)`,
      receives / account.mails,
      receivesPerMail,
    ),
  ];
}

function lambdaOf({ system }: World): LambdaClient {
  const { region, accessKeyId, secretAccessKey, lambda } = system.endpoints;
  return new LambdaClient({ region, credentials: { accessKeyId, secretAccessKey }, endpoint: lambda });
}

/** A line every few seconds, until the signal. */
async function watch(world: World, lambda: LambdaClient, signal: AbortSignal): Promise<void> {
  const startedAt = Date.now();
  const { EventSourceMappings: [mapping] = [] } = await lambda.send(new ListEventSourceMappingsCommand({}));
  while (!signal.aborted) {
    const { State = '' } = await lambda.send(new GetEventSourceMappingCommand({ UUID: mapping?.UUID }));
    const { receives, delivered } = world.counts();
    const second = String(Math.round((Date.now() - startedAt) / 1000)).padStart(6);
    const published = String(world.published.length).padEnd(11);
    console.log(`${second}  ${State.padEnd(12)}${published}${String(receives).padEnd(10)}${delivered}`);
    await pause(glanceMs, undefined, { signal }).catch(() => undefined);
  }
}
