import type { BouncePort } from '../delivery/ports.ts';
import { createBouncePublisher, type PublisherOptions } from './publisher.ts';
import { createReturnPathCheck } from './return-path.ts';
import { checkTimeoutMs, systemResolver } from './system-resolver.ts';

/** What the sender needs to tell people of failures: the intake queue, and the system's name servers. */
export function createBouncePort(options: PublisherOptions): BouncePort {
  return {
    settings: options.settings,
    ...createBouncePublisher(options),
    checkReturnPath: createReturnPathCheck({
      openResolver: systemResolver,
      clock: options.clock,
      timeoutMs: checkTimeoutMs,
    }),
  };
}
