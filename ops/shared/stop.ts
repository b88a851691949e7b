/** npm passes a Ctrl-C on to a process that the terminal has told already: both count as one. */
const togetherMs = 500;

/**
 * A signal that aborts at the first Ctrl-C, SIGTERM, or end of the terminal or pipe that is written to, so that the
 * command can put everything back in its place. A second Ctrl-C ends the process at once.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let askedAt: number | undefined;
  const stop = () => {
    if (askedAt !== undefined && performance.now() - askedAt > togetherMs) {
      console.error('Forced to stop.');
      process.exit(130);
    }
    askedAt ??= performance.now();
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  // `npm run dlq -- list | head` closes the pipe early.
  process.stdout.on('error', () => controller.abort());
  process.stderr.on('error', () => controller.abort());
  return controller.signal;
}
