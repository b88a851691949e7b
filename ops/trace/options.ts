import { parseArgs } from 'node:util';
import { UsageError } from '../shared/command.ts';
import { parseDuration } from '../shared/duration.ts';
import { checkStage, parseOrExplain } from '../shared/options.ts';
import type { TargetOptions } from '../shared/target.ts';

export interface Options extends TargetOptions {
  readonly key: string;
  readonly json: boolean;
  /** Milliseconds. */
  readonly sinceMs?: number;
}

const definitions = {
  since: { type: 'string' },
  json: { type: 'boolean', default: false },
  stage: { type: 'string' },
  'state-dir': { type: 'string', default: '.postroom' },
  help: { type: 'boolean', default: false, short: 'h' },
} as const;

/** Undefined: the help was asked for. Throws a UsageError that names what is wrong. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseOrExplain(() =>
    parseArgs({ args: [...args], options: definitions, allowPositionals: true }),
  );
  if (values.help) return undefined;
  const { stage, since, json } = values;
  const [key = ''] = positionals;
  if (key === '' || positionals.length > 1) throw new UsageError('trace takes one key; quote it when it holds blanks');
  checkStage(stage);
  if (since !== undefined && stage === undefined) {
    throw new UsageError('--since means nothing without --stage: the local log is read as a whole');
  }
  return {
    key,
    json,
    stateDir: values['state-dir'],
    ...(stage === undefined ? {} : { stage }),
    ...(since === undefined ? {} : { sinceMs: parseDuration('since', since) }),
  };
}
