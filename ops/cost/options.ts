import { parseArgs } from 'node:util';
import { UsageError } from '../shared/command.ts';

export interface Options {
  readonly stage: string;
  /** Stage config to read instead of the stage's own. */
  readonly config?: string;
  /** Mails a month. */
  readonly mails: number;
  readonly json: boolean;
}

const definitions = {
  stage: { type: 'string', default: 'dev' },
  config: { type: 'string' },
  mails: { type: 'string', default: '1000000' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false, short: 'h' },
} as const;

export const help = `What watching a stage costs a month: its metrics, alarms and dashboard, and the log by the mail.

  npm run cost -- [--stage NAME] [--config PATH] [--mails N] [--json]

  --stage NAME   the stage config in cdk/stages  (dev)
  --config PATH  another stage config
  --mails N      mails a month, for what grows with them  (1000000)
  --json         one JSON document
  --help         this text

The template is synthesised as for a deploy; nothing is asked of AWS. Prices: ops/cost/prices.ts.
`;

/** Undefined: the help was asked for. Throws a UsageError that names what is wrong. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { stage, config, mails: given, json, help: asked } = parsed(args);
  if (asked) return undefined;
  const mails = Number(given);
  if (!Number.isInteger(mails) || mails < 0) {
    throw new UsageError(`--mails is "${given}"; allowed: a whole number, 0 or more`);
  }
  return { stage, mails, json, ...(config === undefined ? {} : { config }) };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: definitions }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
