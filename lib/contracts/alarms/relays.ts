import { relayStates } from '../metrics.ts';
import { type AlarmDefinition, type AlarmRule, type AlarmSubject, atLeast, only } from './definition.ts';

const { healthy, withheld, offline, unconfigured } = relayStates;

// Each alarm looks at the minimum of five minutes, at once. The probe function publishes once a minute, at the end of its
// run, and CloudWatch sees that up to a minute or so later: the newest minute is often empty when it is evaluated, and two
// runs may end in one. Five minutes hold some of it for certain; what was better only once in them counts.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html (FILL, and alarms on late data)
const stateOf = ([relay = '']: readonly string[]) => ({ state: [{ own: 'RelayState', relay }, 'Minimum'] }) as const;

/**
 * How many of the relays may be given mail. While all of them still want for their first secret the answer is 1, so that a
 * new stage pages nobody. A relay that no probe has reported for five minutes counts as healthy: ProbeNotRunning tells of that.
 */
function relaysThatTakeMail({ relays }: AlarmSubject): AlarmRule {
  const ids = relays.map((relay) => [`relay_${relay.replaceAll('-', '_')}`, relay] as const);
  const count = (below: number) => ids.map(([id]) => `IF(FILL(${id}, ${healthy}) < ${below}, 1, 0)`).join(' + ');
  return atLeast(1, 'relays that take mail', {
    metrics: Object.fromEntries(ids.map(([id, relay]) => [id, [{ own: 'RelayState', relay }, 'Minimum']])),
    expression: `IF((${count(unconfigured)}) == 0, 1, ${count(withheld)})`,
    comparison: '<',
    allowed: { least: 1, most: relays.length },
  });
}

/** Which relay, and why? */
export const relayAlarms = {
  AllRelaysOffline: {
    scope: 'stage',
    rule: relaysThatTakeMail,
    meaning: 'No relay can take mail: all mail waits.',
    first: 'Look at the state of the relays and its reason.',
  },
  TierOffline: {
    scope: 'tier',
    rule: relaysThatTakeMail,
    meaning: 'No relay of this tier can take mail: mail goes over the other tiers.',
    first: 'Look at the state of the relays and its reason.',
  },
  RelayOffline: {
    scope: 'relay',
    rule: ({ relays }) =>
      atLeast(1, '(1: offline)', {
        allowed: only(1),
        metrics: stateOf(relays),
        expression: `IF(state == ${offline}, 1, 0)`,
      }),
    meaning: 'Probes or sends find this relay offline: mail goes over the others.',
    first: 'Read why it is offline.',
  },
  RelayUnconfigured: {
    scope: 'relay',
    rule: ({ relays }) =>
      atLeast(unconfigured, '(4: unconfigured)', { metrics: stateOf(relays), allowed: only(unconfigured) }),
    meaning: "The relay's secret is empty, a placeholder or invalid: it gets no mail.",
    first: 'Read what is wrong with the secret, and fill it in.',
  },
  CredentialsRejected: {
    scope: 'relay',
    // Refused credentials are tried again after half an hour: the alarm outlasts that.
    rule: ({ relays: [relay = ''] }) =>
      atLeast(1, 'refused logins', {
        metrics: { refused: [{ own: 'CredentialRejections', relay }, 'Sum'] },
        periods: 7,
      }),
    meaning:
      'The relay, or the token endpoint for it, refuses our login: no mail until the secret changes or half an hour passes.',
    first: 'Ask its owner whether the password was changed, and put the new one into the secret.',
  },
} as const satisfies Readonly<Record<string, AlarmDefinition>>;
