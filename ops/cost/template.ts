import * as v from 'valibot';
import { type MetricDefinition, metrics } from '../../lib/contracts/metrics.ts';

/** What CloudWatch bills by the month, as a synthesised template has it. */
export interface Inventory {
  readonly relays: number;
  readonly customMetrics: number;
  readonly alarmMetrics: number;
  readonly compositeAlarms: number;
  readonly dashboards: number;
}

const definitions: readonly MetricDefinition[] = Object.values(metrics);

const template = v.object({
  Resources: v.record(v.string(), v.object({ Type: v.string(), Properties: v.optional(v.unknown(), {}) })),
});

const alarm = v.object({ Metrics: v.optional(v.array(v.object({ MetricStat: v.optional(v.unknown()) }))) });

const withSettings = v.object({
  Environment: v.object({
    Variables: v.object({
      POSTROOM_INTAKE_QUEUE_URL: v.unknown(),
      POSTROOM_SETTINGS: v.pipe(
        v.string(),
        v.parseJson(),
        v.object({ relays: v.record(v.string(), v.unknown()), bounces: v.optional(v.unknown()) }),
      ),
    }),
  }),
});

/** Throws when the template has no sender, whose settings name the relays. */
export function inventoryOf(synthesised: unknown): Inventory {
  const resources = Object.entries(v.parse(template, synthesised).Resources);
  const ofType = (type: string) => resources.filter(([, { Type }]) => Type === type).map(([, one]) => one.Properties);
  const sender = ofType('AWS::Lambda::Function').find((properties) => v.is(withSettings, properties));
  const { relays, bounces } = v.parse(withSettings, sender).Environment.Variables.POSTROOM_SETTINGS;
  const on = { bounces: bounces !== undefined, events: resources.some(([id]) => id.startsWith('PostroomEvents')) };
  const relayCount = Object.keys(relays).length;
  const alarmMetrics = ofType('AWS::CloudWatch::Alarm').map((properties) => {
    const { Metrics } = v.parse(alarm, properties);
    // Without a list the alarm names its one metric.
    return Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1;
  });
  return {
    relays: relayCount,
    customMetrics: definitions
      .filter(({ onlyWith }) => onlyWith === undefined || on[onlyWith])
      .reduce((sum, { dimensions }) => sum + (dimensions === 'stage' ? 1 : relayCount), 0),
    alarmMetrics: alarmMetrics.reduce((sum, count) => sum + count, 0),
    compositeAlarms: ofType('AWS::CloudWatch::CompositeAlarm').length,
    dashboards: ofType('AWS::CloudWatch::Dashboard').length,
  };
}
