/** What a log line keeps of a thrown value. */
export interface LoggedError {
  readonly name: string;
  readonly message: string;
  /** Such as Node's `ECONNREFUSED`. */
  readonly code?: string;
  /** The innermost calls, without the message that V8 repeats above them. */
  readonly stack?: readonly string[];
  readonly cause?: LoggedError;
}

const deepestCause = 3;
const framesKept = 8;

/** Name, message, code, frames and causes of what was thrown: other properties may hold requests, bodies or secrets. */
export function describeError(thrown: unknown, depth = 0): LoggedError {
  if (!(thrown instanceof Error)) return { name: 'NotAnError', message: typeof thrown };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  const stack = thrown.stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, framesKept)
    .map((line) => line.trim());
  return {
    name: thrown.name,
    message: messageOf(thrown),
    ...(code !== undefined && { code }),
    ...(stack !== undefined && stack.length > 0 && { stack }),
    ...(thrown.cause !== undefined && depth < deepestCause && { cause: describeError(thrown.cause, depth + 1) }),
  };
}

/** V8 quotes the text that JSON.parse was given, and that may be a relay's secret or a mail. */
function messageOf(error: Error): string {
  return error instanceof SyntaxError && error.message.includes('JSON') ? 'not valid JSON' : error.message;
}
