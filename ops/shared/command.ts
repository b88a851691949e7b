import pc from 'picocolors';
import { StageConfigError } from '../../lib/contracts/stage-config.ts';

/** Something that the person at the terminal can put right; the message says what and how. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  /** The process's exit code. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Arguments that the command does not take. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(`${message}\nTry --help.`, 2);
  }
}

/** Runs a command to its exit code; what goes wrong is said in words, and with a stack only when nobody foresaw it. */
export async function runCommand(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    process.exitCode = error instanceof CommandError ? error.exitCode : 1;
    console.error(pc.red(explain(error)));
  }
}

function explain(error: unknown): string {
  if (error instanceof CommandError || error instanceof StageConfigError) return error.message;
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}\nAnother program holds that port. Stop it, or free the port, and try again.`;
  }
  return error.stack ?? error.message;
}

/** An error of a service in one line. AWS leaves the message empty now and then; the name says more than nothing. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? error.name : error.message;
}
