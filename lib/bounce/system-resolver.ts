import { Resolver } from 'node:dns/promises';
import type { MailResolver } from './return-path.ts';

/** Bound of one whole check of a return path, in milliseconds. */
export const checkTimeoutMs = 2000;

/** A name server that stays silent is left for the next one, early enough for that one to have its turn within a check. */
export const resolverOptions = { timeout: 600, tries: 2 } as const;

/** The system's name servers. Opened anew per check: a socket that was frozen for hours is of no use. */
export function systemResolver(): MailResolver {
  return new Resolver(resolverOptions);
}
