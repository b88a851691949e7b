import { domainToASCII } from 'node:url';
import { parseArgs } from 'node:util';
import { UsageError } from '../shared/command.ts';
import { parseDuration } from '../shared/duration.ts';
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

/** Options that would say something untrue with the other commands: refused there, not ignored. */
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
  const command = commands.find((known) => known === name);
  if (command === undefined) {
    throw new UsageError(
      `${name === undefined ? 'The command is missing' : `"${name}" is no command`}: ${commands.join(', ')}`,
    );
  }
  for (const token of tokens) {
    if (token.kind !== 'option' || reserved[token.name]?.includes(command) !== false) continue;
    throw new UsageError(`--${token.name} means nothing to ${command}; only to ${reserved[token.name]?.join(' and ')}`);
  }
  if (command === 'show' && ids.length !== 1) throw new UsageError('show takes one ID, as list prints it');
  const { stage, file } = values;
  if (stage !== undefined && !/^[a-z][a-z0-9-]*$/.test(stage)) {
    throw new UsageError('--stage: a name of a-z, 0-9 and -, beginning with a letter');
  }
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
  try {
    return parseArgs({ args: [...args], options: definitions, allowPositionals: true, tokens: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
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
