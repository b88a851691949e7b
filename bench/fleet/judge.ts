import { atMost, type Condition, none } from '../shared/verdict.ts';
import { closings, type Evidence, openings, stored, writes } from './evidence.ts';

/** From one opening of the breaker to the next, or to its closing. */
export interface CoolDown {
  /** Seconds since the relay died. */
  readonly openedAfter: number;
  readonly lastsSeconds: number;
  /** Connections that were opened to the relay, in the whole fleet. */
  readonly attempts: number;
  /** Trials that stood in the table. */
  readonly leases: number;
  /** Environments that read the item one by one, as who wants the trial does. */
  readonly asked: number;
  /** Conditional writes that came too late. */
  readonly overtaken: number;
  /** Environments that had a mail shortly before the trial. */
  readonly wanting: number;
  /** Seconds from the end of the cool-down to the trial, by a true clock; the end itself stands on a wrong one. */
  readonly trialAfter: number;
  readonly endsIn: 'open' | 'closed' | 'nothing';
}

const writesPerSecond = 20;
/** Cached knowledge of 5 s, and a second for the table and the next mail. */
const learnedMs = 6000;
/** The random part of when an environment asks for the trial, and a second for a busy machine. */
const trialSpreadMs = 6000;
const lookBackMs = 2000;
/** Of the environments; some wait for the table at that moment. */
const leastWanting = 0.9;

export function coolDowns({ requests, sightings, downAt }: Evidence): readonly CoolDown[] {
  const ends = [...openings(requests), ...closings(requests)].toSorted((one, other) => one.at - other.at);
  return openings(requests).map(({ at, breaker }) => {
    const end = ends.find((one) => one.at > at);
    const within = (one: { readonly at: number }): boolean =>
      one.at > at && one.at <= (end?.at ?? Number.POSITIVE_INFINITY);
    const attempts = sightings.filter((one) => one.type === 'attempt').filter(within);
    const trialAt = attempts.at(-1)?.at ?? Number.NaN;
    const asked = requests.filter(({ action }) => action === 'GetItem').filter(within);
    const mails = sightings.filter((one) => one.type === 'mail' && one.at > trialAt - lookBackMs && one.at <= trialAt);
    const leases = stored(requests)
      .filter(within)
      .flatMap((one) => (one.breaker.state === 'half-open' ? [one.breaker.trial.owner] : []));
    return {
      openedAfter: (at - downAt) / 1000,
      lastsSeconds: breaker.coolDownMs / 1000,
      attempts: attempts.length,
      leases: new Set(leases).size,
      asked: asked.length,
      overtaken: writes(requests)
        .filter(({ ok }) => !ok)
        .filter(within).length,
      wanting: new Set(mails.map(({ environment }) => environment)).size,
      trialAfter: (trialAt - breaker.reopensAt) / 1000,
      endsIn: end === undefined ? 'nothing' : end.breaker.state === 'closed' ? 'closed' : 'open',
    };
  });
}

/** `expected`: so many cool-downs were to pass, and one more until the relay was found well. */
export function judge(evidence: Evidence, expected: number): readonly Condition[] {
  const { environments, skewMs, requests, sightings, downAt, backAt } = evidence;
  const all = coolDowns(evidence);
  const passed = all.filter(({ endsIn }) => endsIn !== 'nothing');
  // In the first one the environments learn that the relay is dead, each by its own cache.
  const [, ...later] = passed;
  const written = writes(requests);
  const closed = closings(requests);
  const closedAt = closed[0]?.at ?? Number.POSITIVE_INFINITY;
  const skew = skewMs / 1000;
  return [
    same('cool-downs that passed', passed.length, expected + 1),
    none(
      'cool-downs with more or fewer than one trial in the table',
      passed.filter(({ leases }) => leases !== 1).length,
    ),
    none(
      'cool-downs with more or fewer than one connection to the relay, the first aside',
      later.filter(({ attempts }) => attempts !== 1).length,
    ),
    none(
      `trials before the end of the cool-down (clocks wrong by ${skew} s)`,
      passed.filter(({ trialAfter }) => trialAfter < -skew).length,
    ),
    atMost(
      'latest trial after the end of the cool-down',
      Math.max(...passed.map(({ trialAfter }) => trialAfter)),
      skew + trialSpreadMs / 1000,
      ' s',
    ),
    atLeast(
      'environments that had a mail to send right before a trial, fewest',
      Math.min(...passed.map(({ wanting }) => wanting)),
      leastWanting * environments,
    ),
    {
      says: 'health writes in the busiest second',
      measured: `${busiest(written)} (under ${writesPerSecond}); ${written.length} in all`,
      holds: busiest(written) < writesPerSecond,
    },
    none('health writes while the relay was well', written.filter(({ at }) => at < downAt).length),
    same('closings by a trial, once the relay was back', closed.filter(({ at }) => at > backAt).length, 1),
    atMost(
      `all ${environments} environments use it again after`,
      (lastToReturn(evidence, closedAt) - closedAt) / 1000,
      learnedMs / 1000,
      ' s',
    ),
    {
      says: 'times that the table did not answer in time',
      measured: String(sightings.filter(({ type }) => type === 'table-away').length),
      holds: true,
    },
  ];
}

function lastToReturn({ environments, sightings }: Evidence, closedAt: number): number {
  const first = new Map<number, number>();
  for (const one of sightings) {
    if (one.type !== 'mail' || !one.accepted || one.at <= closedAt) continue;
    first.set(one.environment, Math.min(one.at, first.get(one.environment) ?? Number.POSITIVE_INFINITY));
  }
  return first.size === environments ? Math.max(...first.values()) : Number.POSITIVE_INFINITY;
}

/** The most within any 1000 ms, wherever they begin. */
function busiest(requests: readonly { readonly at: number }[]): number {
  return Math.max(0, ...requests.map(({ at }) => requests.filter((one) => one.at >= at && one.at < at + 1000).length));
}

function same(says: string, value: number, must: number): Condition {
  return { says, measured: `${value} (must be ${must})`, holds: value === must };
}

function atLeast(says: string, value: number, must: number): Condition {
  return { says, measured: `${value} (at least ${must})`, holds: value >= must };
}
