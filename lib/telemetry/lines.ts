/** Takes one complete line of output, without its line end. */
export type LineSink = (line: string) => void;

/**
 * Where Lambda collects lines. Not `console.log`, which the Lambda runtime replaces and, with its JSON log format, wraps:
 * CloudWatch reads metrics only from a document that stands alone on its line.
 */
export const stdoutLines: LineSink = (line) => {
  process.stdout.write(`${line}\n`);
};
