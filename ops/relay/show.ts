import { freshBreaker, type RelayHealthItem } from '../../lib/health/item.ts';
import { type Session, told } from './session.ts';
import { ago, describeBreaker, describeOverride, describeProbe, describeStanding, summaryOf } from './words.ts';

/** All that the fleet knows about one relay. */
export async function show({ store, clock, options, relays, print }: Session): Promise<number> {
  const { relay, json } = options;
  const item = await told(relay, store.read(relay));
  const now = clock.now();
  print(json ? JSON.stringify(summaryOf(relay, item, now)) : describe(relay, item, relays.get(relay) ?? '', now));
  return 0;
}

function describe(relay: string, item: RelayHealthItem | undefined, secretArn: string, now: number): string {
  const { probe, override, breaker = freshBreaker } = item ?? {};
  const facts = [
    ['Relay', relay],
    ['Now', describeStanding(item, now)],
    ['Breaker', describeBreaker(breaker, now)],
    ['Probe', describeProbe(probe, now)],
    ...(probe?.phasesMs === undefined ? [] : [['', describePhases(probe.phasesMs)]]),
    ...(probe?.login === undefined
      ? []
      : [['Login', `${probe.login.accepted ? 'accepted' : 'refused'} ${ago(probe.login.at, now)}, by a probe`]]),
    ['Override', describeOverride(override, now)],
    ['Changed', item === undefined ? 'never: nothing was noticed about it yet' : ago(item.changedAt, now)],
    ['Secret', secretArn],
  ];
  return facts.map(([name = '', text = '']) => `${name.padEnd(10)}${text}`).join('\n');
}

/** `connect 3 ms, greeting 101 ms`. */
export function describePhases(phasesMs: Readonly<Record<string, number>>): string {
  return Object.entries(phasesMs)
    .map(([phase, ms]) => `${phase} ${Math.round(ms)} ms`)
    .join(', ');
}
