import type { parseArgs } from 'node:util';
import { UsageError } from './command.ts';

/** node:util's own messages, as usage errors. */
export function parseOrExplain<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Throws a UsageError for what cannot be the name of a stage. */
export function checkStage(name: string | undefined): void {
  if (name !== undefined && !/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new UsageError('--stage: a name of a-z, 0-9 and -, beginning with a letter');
  }
}

/** The command of that name. Throws a UsageError that lists all of them when there is none. */
export function commandNamed<Command extends string>(commands: readonly Command[], name: string | undefined): Command {
  const command = commands.find((known) => known === name);
  if (command !== undefined) return command;
  const fault = name === undefined ? 'The command is missing' : `"${name}" is no command`;
  throw new UsageError(`${fault}: ${commands.join(', ')}`);
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

/**
 * Throws a UsageError for an option that is reserved for other commands. Options that would say something untrue with
 * this one are refused, not ignored.
 */
export function refuseReserved<Command extends string>(
  tokens: readonly Token[],
  command: Command,
  reserved: Readonly<Record<string, readonly Command[]>>,
): void {
  for (const token of tokens) {
    if (token.kind !== 'option' || reserved[token.name]?.includes(command) !== false) continue;
    throw new UsageError(`${token.rawName} means nothing to ${command}; only to ${reserved[token.name]?.join(', ')}`);
  }
}
