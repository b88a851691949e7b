import { parseArgs } from 'node:util';
import { parseDuration } from '../shared/duration.ts';
import { checkStage, parseOrExplain } from '../shared/options.ts';
import type { TargetOptions } from '../shared/target.ts';

export interface Options extends TargetOptions {
  readonly json: boolean;
  readonly deep: boolean;
  /** Absent: as the stage's own audit has it. */
  readonly marginMs?: number;
}

const definitions = {
  margin: { type: 'string' },
  deep: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  stage: { type: 'string' },
  'state-dir': { type: 'string', default: '.postroom' },
  help: { type: 'boolean', default: false, short: 'h' },
} as const;

/** Undefined: the help was asked for. Throws a UsageError that names what is wrong. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseOrExplain(() => parseArgs({ args: [...args], options: definitions }));
  if (values.help) return undefined;
  const { stage, margin, json, deep } = values;
  checkStage(stage);
  return {
    json,
    deep,
    stateDir: values['state-dir'],
    ...(stage === undefined ? {} : { stage }),
    ...(margin === undefined ? {} : { marginMs: parseDuration('margin', margin) }),
  };
}
