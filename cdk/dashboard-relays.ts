import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricName } from '../lib/contracts/metrics.ts';
import { type Graphs, question } from './dashboard-graphs.ts';

/** Which relay? Since when? All of them in one row, then a row for each. */
export function whichRelay(graphs: Graphs, relays: readonly string[]): IWidget[][] {
  const each = (name: MetricName, statistic: string) =>
    relays.map((relay) => graphs.own(name, relay, { relay, statistic }));
  return [
    [question('Which relay? Since when?')],
    [
      graphs.graph({
        title: 'Relays that take mail',
        width: 8,
        lines: [...graphs.watchedBy('AllRelaysOffline'), ...graphs.watchedBy('TierOffline')],
        thresholds: ['AllRelaysOffline', 'TierOffline'],
      }),
      graphs.graph({
        title: 'State: 0 healthy, 1 degraded, 2 withheld, 3 offline, 4 unconfigured',
        width: 8,
        lines: each('RelayState', 'Maximum'),
        thresholds: ['RelayUnconfigured'],
      }),
      graphs.graph({ title: 'Recipients accepted', width: 8, lines: each('RecipientsAccepted', 'Sum'), stacked: true }),
    ],
    ...relays.map((relay) => rowOf(graphs, relay)),
  ];
}

function rowOf(graphs: Graphs, relay: string): IWidget[] {
  const width = 6;
  const lines = (...labels: readonly (readonly [MetricName, string])[]) => graphs.sums(labels, relay);
  return [
    graphs.graph({
      title: `${relay}: recipients`,
      width,
      lines: lines(
        ['RecipientsAccepted', 'accepted'],
        ['RecipientsDeferred', 'deferred (4xx)'],
        ['RecipientsRefused', 'refused (5xx)'],
      ),
      right: lines(['RelayThrottled', 'asked for less']),
    }),
    graphs.graph({
      title: `${relay}: connections`,
      width,
      lines: lines(
        ['ConnectionsOpened', 'attempts'],
        ['ConnectionsReused', 'reused'],
        ['ConnectionsClosed', 'closed with QUIT'],
        ['ConnectionsLost', 'lost'],
        ['ConnectionsFailedDns', 'failed: DNS'],
        ['ConnectionsFailedConnect', 'failed: dial'],
        ['ConnectionsFailedTls', 'failed: TLS'],
        ['ConnectionsFailedGreeting', 'failed: greeting'],
        ['ConnectionsFailedAuth', 'failed: login'],
      ),
    }),
    graphs.graph({
      title: `${relay}: breaker and credentials`,
      width,
      lines: lines(['BreakerOpened', 'breaker opened'], ['CredentialRejections', 'logins refused']),
      // A breaker that stays closed says nothing, also of a relay that probes found offline before any mail came: beside
      // it, the state, which every probe publishes.
      right: [graphs.own('RelayState', 'state', { relay, statistic: 'Maximum' })],
      thresholds: ['CredentialsRejected'],
      relay,
    }),
    graphs.graph({
      title: `${relay}: probes`,
      width,
      lines: ['p50', 'p99'].map((statistic) =>
        graphs.own('ProbeDuration', `latency ${statistic}`, { relay, statistic }),
      ),
      right: [graphs.own('RelayWeightFactor', 'weight factor', { relay, statistic: 'Minimum' })],
      unit: 'milliseconds',
    }),
  ];
}
