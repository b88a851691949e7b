import { setTimeout as pause } from 'node:timers/promises';
import { steadyTraffic } from '../../local/scenarios/traffic.ts';
import { type Condition, none } from '../shared/verdict.ts';
import { openWorld, type World } from '../shared/world.ts';

export interface RotationOptions {
  readonly mailsPerSecond: number;
  readonly rotations: number;
  readonly everySeconds: number;
}

/** One relay only: there is no other that could hide a refused login. */
const config = {
  relays: { only: {} },
  sender: { maxConcurrency: 3 },
  retry: { baseSeconds: 3 },
};

/** A sender may have to wait until it looks at the secret again: a minute, and the cache of the health table. */
const patienceMs = 90_000;

/** Credentials change under load; after each change the relay takes only the newest, also on sessions that it has. */
export async function benchRotation(options: RotationOptions): Promise<readonly Condition[]> {
  const world = await openWorld({ config });
  const over = new AbortController();
  try {
    const traffic = steadyTraffic(world, options.mailsPerSecond, over.signal);
    await arrivalAfter(world, Date.now());
    const gaps: number[] = [];
    for (let done = 1; done <= options.rotations; done += 1) {
      await pause(options.everySeconds * 1000);
      gaps.push(await rotate(world));
      console.log(`  rotation ${String(done).padStart(2)}: the next mail arrived after ${gaps.at(-1)} ms`);
    }
    over.abort();
    await traffic;
    const account = await world.settle(patienceMs);
    const refused = world.log.of('relay.credentials-refused').length;
    return [
      none('mails lost, dead-lettered or left in the queue', account.lost + account.deadLettered + account.queued),
      none('mails that arrived twice', account.repeats),
      none('attempts charged beyond the delivery', account.charged),
      none('breakers opened', world.log.of('relay.breaker-opened').length),
      {
        says: 'rotations after which mail flowed',
        measured: String(gaps.length),
        holds: gaps.length === options.rotations,
      },
      { says: 'longest silence after a rotation', measured: `${Math.max(...gaps)} ms`, holds: true },
      {
        says: 'mails',
        measured: `${account.mails}; ${refused} met a refused login`,
        holds: account.mails > 0,
      },
    ];
  } finally {
    over.abort();
    await world.close();
  }
}

/** Relay first, secret second, as AWS's rotation functions do it. Resolves with the silence that followed, in milliseconds. */
async function rotate(world: World): Promise<number> {
  const relay = world.relay('only');
  relay.changePassword();
  const changedAt = Date.now();
  await world.system.platform.setSecret('only', JSON.stringify(relay.secret));
  return (await arrivalAfter(world, changedAt)) - changedAt;
}

/** When the first mail arrived since then, ms since the epoch. */
async function arrivalAfter({ system }: World, since: number): Promise<number> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; ) {
    const first = system.mailbox.list({ since })[0];
    if (first !== undefined) return Date.parse(first.receivedAt);
    await pause(10);
  }
  throw new Error('No mail arrives any more.');
}
