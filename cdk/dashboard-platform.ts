import { Duration } from 'aws-cdk-lib';
import { type IWidget, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import { type Graphs, question } from './dashboard-graphs.ts';

/** Is it us or AWS? */
export function usOrAws(graphs: Graphs): IWidget[][] {
  return [
    [question('Is it us or AWS?')],
    [
      graphs.graph({
        title: 'Sender',
        width: 8,
        lines: [...graphs.watchedBy('SenderErrors'), ...graphs.watchedBy('SenderThrottles')],
        right: [graphs.of({ function: 'sender', name: 'Invocations' }, 'invocations', 'Sum')],
        thresholds: ['SenderErrors', 'SenderThrottles'],
      }),
      graphs.graph({
        title: 'Sender: time taken and time left',
        width: 8,
        lines: [
          ...graphs.watchedBy('SenderNearTimeout'),
          graphs.own('TimeLeft', 'least time left', { statistic: 'Minimum' }),
        ],
        unit: 'milliseconds',
        thresholds: ['SenderNearTimeout'],
      }),
      graphs.graph({
        title: 'Ledger (DynamoDB)',
        width: 8,
        lines: [
          graphs.own('LedgerUnavailable', 'claims refused'),
          graphs.own('LedgerSettleFailures', 'delivered, not recorded'),
        ],
        // Failures alone say nothing while there are none: beside them, that the ledger is at work.
        right: [
          graphs.own('ClaimDuration', 'claims', { statistic: 'SampleCount' }),
          graphs.own('SettleDuration', 'outcomes recorded', { statistic: 'SampleCount' }),
        ],
        thresholds: ['LedgerFailing'],
      }),
    ],
    [timeByStage(graphs), probes(graphs), telemetry(graphs)],
  ];
}

function timeByStage(graphs: Graphs): IWidget {
  const stages = [
    ['ClaimDuration', 'claim (DynamoDB)'],
    ['ChooseDuration', 'choose, wait for a session'],
    ['ConnectDuration', 'connect'],
    ['TlsDuration', 'TLS'],
    ['AuthDuration', 'login'],
    ['EnvelopeDuration', 'envelope'],
    ['DataDuration', 'data'],
    ['SettleDuration', 'settle (DynamoDB)'],
  ] as const;
  return graphs.graph({
    title: 'Where the time goes, p99',
    width: 12,
    lines: stages.map(([name, label]) => graphs.own(name, label, { statistic: 'p99' })),
    unit: 'milliseconds',
  });
}

const probes = (graphs: Graphs): IWidget =>
  graphs.graph({
    title: 'Probe function',
    width: 6,
    lines: graphs.watchedBy('ProbeNotRunning'),
    thresholds: ['ProbeNotRunning'],
  });

const telemetry = (graphs: Graphs): IWidget =>
  graphs.graph({
    title: 'Metrics missing (1: silent)',
    width: 6,
    lines: graphs.watchedBy('TelemetrySilent'),
    thresholds: ['TelemetrySilent'],
  });

/** What does it cost? What grows with the mail; the fixed part is what `npm run cost` prints. */
export function whatItCosts(graphs: Graphs, config: StageConfig, logs: ILogGroup): IWidget[][] {
  const gigabytes = config.sender.memoryMb / 1024;
  const logBytes = new Metric({
    namespace: 'AWS/Logs',
    metricName: 'IncomingBytes',
    dimensionsMap: { LogGroupName: logs.logGroupName },
    statistic: 'Sum',
    period: Duration.minutes(5),
    label: 'bytes written to the log',
  });
  return [
    [question('What does it cost?')],
    [
      graphs.graph({
        title: 'AWS requests per mail handed out',
        width: 8,
        right: [graphs.own('CredentialRefreshes', 'secrets fetched')],
        lines: [
          graphs.math('calls / received', 'requests per mail', {
            calls: graphs.own('AwsCalls', 'requests'),
            received: graphs.own('MessagesReceived', 'mails'),
          }),
        ],
      }),
      graphs.graph({
        title: 'Sender: GB-seconds',
        width: 8,
        lines: [
          graphs.math(`duration / 1000 * ${gigabytes}`, 'GB-seconds', {
            duration: graphs.of({ function: 'sender', name: 'Duration' }, 'milliseconds', 'Sum'),
          }),
        ],
      }),
      graphs.graph({ title: 'Sender: log', width: 8, lines: [logBytes], unit: 'bytes' }),
    ],
  ];
}
