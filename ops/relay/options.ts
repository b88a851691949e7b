import { parseArgs } from 'node:util';
import { UsageError } from '../shared/command.ts';
import { parseDuration } from '../shared/duration.ts';
import { checkStage, commandNamed, parseOrExplain, refuseReserved } from '../shared/options.ts';
import type { TargetOptions } from '../shared/target.ts';

const commands = ['list', 'show', 'drain', 'disable', 'enable', 'reset', 'probe'] as const;
export type Command = (typeof commands)[number];

export interface Options extends TargetOptions {
  readonly command: Command;
  /** Empty for `list`. */
  readonly relay: string;
  readonly json: boolean;
  readonly reason?: string;
  /** Milliseconds. Absent: a day. */
  readonly forMs?: number;
  readonly login: boolean;
}

const definitions = {
  reason: { type: 'string' },
  for: { type: 'string' },
  login: { type: 'boolean', default: true },
  json: { type: 'boolean', default: false },
  stage: { type: 'string' },
  'state-dir': { type: 'string', default: '.postroom' },
  help: { type: 'boolean', default: false, short: 'h' },
} as const;

/** Options that only some commands take. */
const reserved: Readonly<Record<string, readonly Command[]>> = {
  reason: ['drain', 'disable', 'enable'],
  for: ['drain', 'disable'],
  login: ['probe'],
};

/** A year: longer is no override any more but a stage config. */
const longestMs = 365 * 86_400_000;
/** A sentence; the item is read by every sender every few seconds. */
const longestReason = 300;

/** Undefined: the help was asked for. Throws a UsageError that names what is wrong. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values, positionals, tokens } = parsed(args);
  const [name, ...others] = positionals;
  if (values.help || name === 'help') return undefined;
  const command = commandNamed(commands, name);
  refuseReserved(tokens, command, reserved);
  const { stage } = values;
  checkStage(stage);
  return {
    command,
    relay: relayOf(command, others),
    json: values.json,
    login: values.login,
    stateDir: values['state-dir'],
    ...(stage === undefined ? {} : { stage }),
    ...reasonOf(command, values.reason),
    ...(values.for === undefined ? {} : { forMs: forOf(values.for) }),
  };
}

function parsed(args: readonly string[]) {
  return parseOrExplain(() =>
    parseArgs({ args: [...args], options: definitions, allowPositionals: true, allowNegative: true, tokens: true }),
  );
}

function relayOf(command: Command, names: readonly string[]): string {
  const [name = ''] = names;
  if (command === 'list') {
    if (names.length > 0) throw new UsageError(`list shows every relay; for one: show ${name}`);
    return '';
  }
  if (names.length !== 1 || name === '')
    throw new UsageError(`${command} takes the name of one relay, as list prints it`);
  return name;
}

function reasonOf(command: Command, text: string | undefined): { readonly reason?: string } {
  const reason = text?.trim() ?? '';
  if (command === 'disable' && reason === '') {
    throw new UsageError('disable wants a --reason: whoever finds the relay without mail must learn why');
  }
  if (reason.length > longestReason) {
    throw new UsageError(`--reason has ${reason.length} characters; allowed: ${longestReason}`);
  }
  return reason === '' ? {} : { reason };
}

function forOf(text: string): number {
  const ms = parseDuration('for', text);
  if (ms > 0 && ms <= longestMs) return ms;
  throw new UsageError(`--for is "${text}"; allowed: more than nothing, and a year at most`);
}
