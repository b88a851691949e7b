import { deadLetterAlarms } from './alarms/dead-letters.ts';
import type { AlarmDefinition, AlarmRule } from './alarms/definition.ts';
import { deliveryAlarms } from './alarms/delivery.ts';
import { type AlarmName, type CompositeAlarmName, type MetricAlarmName, metricAlarmNames } from './alarms/names.ts';
import { platformAlarms } from './alarms/platform.ts';
import { relayAlarms } from './alarms/relays.ts';
import type { StageConfig } from './stage-config.ts';

/** The table of alarms. The construct, the dashboard's lines, the stage config's overrides and the runbook follow it. */
const definitions: Readonly<Record<MetricAlarmName, AlarmDefinition>> = {
  ...deliveryAlarms,
  ...relayAlarms,
  ...deadLetterAlarms,
  ...platformAlarms,
};

interface Described {
  readonly name: AlarmName;
  /** Unique in the stage: the name, and after it the relay or tier that it is about. */
  readonly id: string;
  /** `page` wakes somebody; `ticket` waits for the morning. */
  readonly severity: 'page' | 'ticket';
  readonly description: string;
}

/** One alarm of a stage, with the stage's own threshold. */
export interface MetricAlarm extends Described {
  readonly name: MetricAlarmName;
  readonly relays: readonly string[];
  readonly rule: AlarmRule;
}

/** Goes off while one of the others does. */
export interface CompositeAlarm extends Described {
  readonly name: CompositeAlarmName;
  readonly anyOf: readonly MetricAlarmName[];
}

export interface StageAlarms {
  readonly paging: CompositeAlarm;
  readonly tickets: readonly MetricAlarm[];
}

/** All alarms of a stage: one for each relay, and for each tier where there are several, where the table says so. */
export function alarmsOf(stage: string, config: StageConfig): StageAlarms {
  const tickets = metricAlarmNames.flatMap((name) => {
    const definition = definitions[name];
    if (definition.where?.(config) === false) return [];
    return instances(definition.scope, config).map(({ suffix, relays }) => {
      const id = `${name}${suffix}`;
      const rule = definition.rule({ config, relays });
      const threshold = config.alarms.overrides[name]?.threshold ?? rule.threshold;
      const description = describe({ ...definition, name, id, severity: 'ticket' }, stage, config);
      return { name, id, severity: 'ticket', relays, rule: { ...rule, threshold }, description } as const;
    });
  });
  return { paging: pagingAlarm(stage, config), tickets };
}

function pagingAlarm(stage: string, config: StageConfig): CompositeAlarm {
  const name = 'MailNotGoingOut';
  const severity = 'page';
  const meaning = 'Mail is not going out: nothing is delivered, nothing is taken from the queue, or no relay is left.';
  const first = 'Open the dashboard and see which of the three it is.';
  return {
    name,
    id: name,
    severity,
    anyOf: ['NothingDelivered', 'QueueNotConsumed', 'AllRelaysOffline'],
    description: describe({ name, id: name, severity, meaning, first }, stage, config),
  };
}

function instances(scope: AlarmDefinition['scope'], { relays }: StageConfig) {
  const names = Object.keys(relays);
  if (scope === 'stage') return [{ suffix: '', relays: names }];
  if (scope === 'relay') return names.map((name) => ({ suffix: `-${name}`, relays: [name] }));
  const tiers = Map.groupBy(names, (name) => relays[name]?.tier ?? 0);
  // The only tier is all relays, and they have an alarm.
  if (tiers.size < 2) return [];
  return [...tiers].map(([tier, members]) => ({ suffix: `-${tier}`, relays: members }));
}

/** The page that an alarm's description points to; the anchor is its heading's. */
export function runbookEntry(name: AlarmName, { alarms }: Pick<StageConfig, 'alarms'>): string {
  return `${alarms.runbookUrl ?? 'docs/runbook.md'}#${name.toLowerCase()}`;
}

interface Text {
  readonly name: AlarmName;
  readonly id: string;
  readonly severity: string;
  readonly meaning: string;
  readonly first: string;
}

/** The key at the end is the same in every notification of one alarm, for tools that group them. */
function describe({ name, id, severity, meaning, first }: Text, stage: string, config: StageConfig): string {
  const runbook = `Runbook: ${runbookEntry(name, config)}`;
  return `[${severity}] ${meaning} First: ${first} ${runbook} [dedupe: postroom/${stage}/${id}]`;
}
