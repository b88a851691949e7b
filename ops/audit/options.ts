import { parseArgs } from 'node:util';
import { UsageError } from '../shared/command.ts';
import { parseDuration } from '../shared/duration.ts';
import { checkStage, parseOrExplain } from '../shared/options.ts';
import type { TargetOptions } from '../shared/target.ts';

export interface Options extends TargetOptions {
  readonly json: boolean;
  readonly deep: boolean;
  /** Keys of forgotten mails to be given up; empty: look only. */
  readonly close: readonly string[];
  readonly yes: boolean;
  /** Absent: as the stage's own audit has it. */
  readonly marginMs?: number;
}

const definitions = {
  margin: { type: 'string' },
  close: { type: 'string', multiple: true },
  yes: { type: 'boolean', default: false },
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
  const { stage, margin, json, deep, close = [], yes } = values;
  checkStage(stage);
  if (close.length > 0 && (json || deep)) throw new UsageError('--close goes with neither --json nor --deep');
  return {
    json,
    deep,
    close,
    yes,
    stateDir: values['state-dir'],
    ...(stage === undefined ? {} : { stage }),
    ...(margin === undefined ? {} : { marginMs: parseDuration('margin', margin) }),
  };
}
