export interface StopSignal {
  /** Settles at the first Ctrl-C or SIGTERM. */
  readonly received: Promise<void>;
  asked(): boolean;
}

/** npm passes a Ctrl-C on to a process that the terminal has told already: both count as one. */
const togetherMs = 500;

/** Listens for Ctrl-C and SIGTERM; the second one ends the process at once. */
export function stopSignal(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<void>();
  let askedAt: number | undefined;
  const stop = () => {
    if (askedAt !== undefined && performance.now() - askedAt > togetherMs) {
      console.error('Forced to stop.');
      process.exit(130);
    }
    askedAt ??= performance.now();
    resolve();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { received: promise, asked: () => askedAt !== undefined };
}
