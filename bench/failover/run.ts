import { setTimeout as pause } from 'node:timers/promises';
import { accept, type Behaviour } from '../../local/relays/behaviour.ts';
import { steadyTraffic } from '../../local/scenarios/traffic.ts';
import { atMost, type Condition, none } from '../shared/verdict.ts';
import { openWorld, type World } from '../shared/world.ts';
import { watch } from './timeline.ts';

export interface FailoverOptions {
  readonly mailsPerSecond: number;
  readonly warmSeconds: number;
  readonly downSeconds: number;
  /** Alpha stalls instead of going down. */
  readonly silent: boolean;
}

const config = {
  relays: { alpha: { weight: 1 }, beta: { weight: 1 } },
  sender: { maxConcurrency: 4 },
  // Mail in doubt waits for its resend; the default of 30 s would only make the end longer.
  retry: { baseSeconds: 3 },
  breaker: { coolDownSeconds: 10, maxCoolDownSeconds: 40 },
};

/** After that long, the fleet must have noticed. */
const noticeMs = 5000;
/** What is left to the return besides the cool-down. */
const returnMs = 15_000;
/** With equal weights alpha's share is half; less than this of it, over five seconds, is chance once in a thousand. */
const leastOfShare = 0.8;
const windowMs = 5000;

/** As long as a relay takes to store a mail: so some are in doubt when it is killed. */
const storing: Behaviour = ({ at }) => (at === 'final' ? { kind: 'delay', ms: 100 } : accept);

/** Longer than anybody waits. */
const silent: Behaviour = () => ({ kind: 'delay', ms: 3_600_000 });

/** Two relays under load, one is killed or falls silent, and is brought back. */
export async function benchFailover(options: FailoverOptions): Promise<readonly Condition[]> {
  const world = await openWorld({ config });
  const over = new AbortController();
  for (const relay of world.system.relays.values()) relay.behave(storing);
  const stopWatching = watch(world, ['alpha', 'beta']);
  try {
    const traffic = steadyTraffic(world, options.mailsPerSecond, over.signal);
    await pause(options.warmSeconds * 1000);
    const alpha = world.relay('alpha');
    if (options.silent) alpha.behave(silent);
    else await alpha.goDown();
    const killedAt = Date.now();
    console.log(
      `       alpha ${options.silent ? 'says nothing any more' : 'is killed: port closed, sessions dropped'}`,
    );
    await pause(options.downSeconds * 1000);
    if (options.silent) alpha.behave(storing);
    else await alpha.comeBack();
    const backAt = Date.now();
    const coolDownMs = await coolDownOf(world);
    console.log(`       alpha is back; its cool-down is ${(coolDownMs / 1000).toFixed(1)} s`);
    await pause(coolDownMs + returnMs + windowMs);
    over.abort();
    await traffic;
    stopWatching();
    const account = await world.settle(90_000);
    const tries = triesAt(world, killedAt + noticeMs, backAt);
    const fullShareMs = shareBackAfter(world, backAt);
    return [
      none('mails lost, dead-lettered or left in the queue', account.lost + account.deadLettered + account.queued),
      none('attempts charged beyond the delivery, doubts aside', account.charged),
      none(`mails that arrived twice without a counted doubt (${account.doubts} doubts)`, account.unexplained),
      ...(options.silent
        ? told(tries.dead, fullShareMs)
        : [
            atMost(
              `sends that try the dead relay later than 5 s (${tries.dead} of ${tries.all})`,
              tries.percent,
              5,
              '%',
            ),
            atMost('alpha carries its share again after', fullShareMs / 1000, (coolDownMs + returnMs) / 1000, ' s'),
          ]),
      { says: 'mails', measured: String(account.mails), holds: account.mails > 0 },
    ];
  } finally {
    over.abort();
    stopWatching();
    await world.close();
  }
}

/** No bound is promised for a relay that stalls: these are to be read. */
function told(triesOfDead: number, fullShareMs: number): readonly Condition[] {
  return [
    { says: 'sends that tried the silent relay later than 5 s', measured: String(triesOfDead), holds: true },
    { says: 'alpha carries its share again after', measured: `${(fullShareMs / 1000).toFixed(1)} s`, holds: true },
  ];
}

/** As it is when alpha comes back, jitter included. */
async function coolDownOf(world: World): Promise<number> {
  const breaker = (await world.health('alpha'))?.breaker;
  return breaker === undefined || breaker.state === 'closed' ? 0 : breaker.reopensAt - breaker.openedAt;
}

function triesAt({ log }: World, from: number, to: number) {
  const between = { from, to };
  const failed = log.of('relay.fault', { relay: 'alpha', ...between }).length;
  const sent = log.of('mail.attempt', between);
  const dead = failed + sent.filter(({ relay }) => relay === 'alpha').length;
  const all = failed + sent.length;
  return { dead, all, percent: all === 0 ? 0 : (100 * dead) / all };
}

/** Milliseconds until the first five seconds in which alpha took its share. */
function shareBackAfter({ system, log }: World, backAt: number): number {
  const since = system.mailbox
    .list({ since: backAt })
    .map((mail) => ({ relay: mail.relay, at: Date.parse(mail.receivedAt) }));
  const first = log.of('relay.breaker-closed', { relay: 'alpha', from: backAt })[0]?.at ?? backAt;
  const last = Math.max(...since.map(({ at }) => at)) - windowMs;
  for (let start = first; start <= last; start += 100) {
    const within = since.filter(({ at }) => at >= start && at < start + windowMs);
    const share = within.filter(({ relay }) => relay === 'alpha').length / within.length;
    if (share >= leastOfShare / 2) return start - backAt;
  }
  return Number.POSITIVE_INFINITY;
}
