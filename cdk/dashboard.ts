import { Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  AlarmStatusWidgetSortBy,
  Dashboard as CloudWatchDashboard,
  PeriodOverride,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { alarmNames } from '../lib/contracts/alarms/names.ts';
import { runbookEntry } from '../lib/contracts/alarms.ts';
import type { StageConfig } from '../lib/contracts/stage-config.ts';
import type { Watched } from './alarm-metrics.ts';
import type { Alarms } from './alarms.ts';
import { fullWidth, Graphs } from './dashboard-graphs.ts';
import { consoleLinks } from './dashboard-links.ts';
import { goingOut, lostOrStuck } from './dashboard-mail.ts';
import { usOrAws, whatItCosts } from './dashboard-platform.ts';
import { whichRelay } from './dashboard-relays.ts';

export interface DashboardProps {
  readonly config: StageConfig;
  readonly watched: Watched;
  readonly alarms: Alarms;
  /** What the sender writes. */
  readonly logs: ILogGroup;
}

/** What on-call opens first. Its rows answer the questions in the order in which they come at night. */
export class Dashboard extends Construct {
  readonly name: string;

  constructor(scope: Construct, id: string, { config, watched, alarms, logs }: DashboardProps) {
    super(scope, id);
    const graphs = new Graphs(watched, alarms.table, config);
    this.name = `postroom-${watched.stage}`;
    new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: this.name,
      defaultInterval: Duration.hours(3),
      // The thresholds are drawn for the periods of the alarms.
      periodOverride: PeriodOverride.INHERIT,
      widgets: [
        [alarmStatus(alarms)],
        [links(config, consoleLinks(Stack.of(this), watched, logs))],
        ...goingOut(graphs),
        ...lostOrStuck(graphs),
        ...whichRelay(graphs, Object.keys(config.relays)),
        ...usOrAws(graphs),
        ...whatItCosts(graphs, config, logs),
      ],
    });
  }
}

const alarmsPerRow = 6;

function alarmStatus({ all }: Alarms): AlarmStatusWidget {
  return new AlarmStatusWidget({
    title: 'Alarms',
    width: fullWidth,
    height: 1 + Math.ceil(all.length / alarmsPerRow),
    sortBy: AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
    alarms: [...all],
  });
}

/** Only an address can be a link; a path says where to look. */
function links(config: StageConfig, console: readonly string[]): TextWidget {
  const entries = alarmNames.map((name) => {
    const entry = runbookEntry(name, config);
    return entry.startsWith('http') ? `[${name}](${entry})` : name;
  });
  const runbook = config.alarms.runbookUrl ?? 'docs/runbook.md, one heading for each alarm';
  const markdown = [`**Runbook** ${runbook}: ${entries.join(' · ')}`, ...console].join('\n\n');
  return new TextWidget({ markdown, width: fullWidth, height: 5 });
}
