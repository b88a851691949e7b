export interface StopSignal {
  /** Settles at the first Ctrl-C or SIGTERM. */
  readonly received: Promise<void>;
  asked(): boolean;
}

/** Listens for Ctrl-C and SIGTERM; the second one ends the process at once. */
export function stopSignal(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = false;
  const stop = () => {
    if (asked) {
      console.error('Forced to stop.');
      process.exit(130);
    }
    asked = true;
    resolve();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { received: promise, asked: () => asked };
}
