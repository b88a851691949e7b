import type { AlarmRule } from './alarms/definition.ts';
import { alarmsOf } from './alarms.ts';
import type { StageConfig } from './stage-config.ts';

/** Overrides with which an alarm could never go off, or never clear, each a sentence. */
export function armedAlarms(config: StageConfig): string[] {
  const { overrides } = config.alarms;
  const broken = alarmsOf('', config).tickets.flatMap(({ name, rule: { allowed, threshold, unit } }) => {
    if (overrides[name] === undefined || allowed === undefined || isAllowed(threshold, allowed)) return [];
    return [`alarms.overrides.${name}.threshold is ${threshold}; allowed: ${worded(allowed)} ${unit}`];
  });
  return [...new Set(broken)];
}

type Allowed = NonNullable<AlarmRule['allowed']>;

const isAllowed = (threshold: number, { least, most }: Allowed) => threshold >= least && threshold <= most;

const worded = ({ least, most }: Allowed) => (least === most ? `only ${most}` : `${least} to ${most}`);
