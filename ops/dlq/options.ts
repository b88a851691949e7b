import { domainToASCII } from 'node:url';
import { parseArgs } from 'node:util';
import { UsageError } from '../shared/command.ts';
import { parseDuration } from '../shared/duration.ts';
import { checkStage, commandNamed, parseOrExplain, refuseReserved } from '../shared/options.ts';
import type { TargetOptions } from '../shared/target.ts';
import type { Filter } from './filter.ts';

const commands = ['list', 'show', 'redrive', 'drop', 'export'] as const;
export type Command = (typeof commands)[number];

export interface Options extends TargetOptions {
  readonly command: Command;
  readonly filter: Filter;
  /** False: a dry run. */
  readonly yes: boolean;
  /** Messages per second. */
  readonly rate: number;
  readonly json: boolean;
  readonly file?: string;
  /** Seconds. */
  readonly hold: number;
}

const text = { type: 'string' } as const;
const list = { type: 'string', multiple: true, default: [] as string[] } as const;
const flag = { type: 'boolean', default: false } as const;

const definitions = {
  reason: list,
  code: list,
  relay: list,
  domain: list,
  key: list,
  'older-than': text,
  'newer-than': text,
  stage: text,
  'state-dir': { type: 'string', default: '.postroom' },
  yes: flag,
  rate: { type: 'string', default: '10' },
  hold: { type: 'string', default: '120' },
  file: text,
  json: flag,
  help: { ...flag, short: 'h' },
} as const;

/** Options that only some commands take. */
const reserved: Readonly<Record<string, readonly Command[]>> = {
  yes: ['redrive', 'drop'],
  rate: ['redrive', 'drop'],
  file: ['drop', 'export'],
};

/** Undefined: the help was asked for. Throws a UsageError that names what is wrong. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values, positionals, tokens } = parsed(args);
  const [name, ...ids] = positionals;
  if (values.help || name === 'help') return undefined;
  const command = commandNamed(commands, name);
  refuseReserved(tokens, command, reserved);
  if (command === 'show' && ids.length !== 1) throw new UsageError('show takes one ID, as list prints it');
  const { stage, file } = values;
  checkStage(stage);
  return {
    command,
    filter: filterOf(ids, values),
    yes: values.yes,
    rate: positive('rate', values.rate),
    hold: Math.ceil(positive('hold', values.hold)),
    json: values.json,
    stateDir: values['state-dir'],
    ...(stage === undefined ? {} : { stage }),
    ...(file === undefined ? {} : { file }),
  };
}

function parsed(args: readonly string[]) {
  return parseOrExplain(() =>
    parseArgs({ args: [...args], options: definitions, allowPositionals: true, tokens: true }),
  );
}

function filterOf(ids: readonly string[], values: ReturnType<typeof parsed>['values']): Filter {
  const { 'older-than': older, 'newer-than': newer } = values;
  return {
    ids,
    reasons: values.reason,
    keys: values.key,
    codes: values.code.map(codeOf),
    relays: values.relay,
    domains: values.domain.map(domainOf),
    ...(older === undefined ? {} : { olderThan: parseDuration('older-than', older) }),
    ...(newer === undefined ? {} : { newerThan: parseDuration('newer-than', newer) }),
  };
}

function codeOf(code: string): string {
  if (/^[2-5]\d\d$/.test(code) || /^[245](\.\d{1,3}){1,2}$/.test(code)) return code;
  throw new UsageError(
    `--code is "${code}"; allowed: an SMTP code such as 550, or an enhanced one such as 5.1.1 or 5.1`,
  );
}

function domainOf(domain: string): string {
  const ascii = domainToASCII(domain.replace(/^@/, ''));
  if (ascii === '')
    throw new UsageError(`--domain is "${domain}"; allowed: the domain of an address, such as example.org`);
  return ascii;
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new UsageError(`--${option} is "${text}"; allowed: a number above 0`);
}
