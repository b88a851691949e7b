import { Resolver } from 'node:dns/promises';
import type { MailResolver } from './return-path.ts';

/** Bound of one query and of one whole check of a return path, in milliseconds. */
export const dnsTimeoutMs = 2000;

/** The system's name servers, asked once each. Opened anew per check: a socket that was frozen for hours is of no use. */
export function systemResolver(): MailResolver {
  return new Resolver({ timeout: dnsTimeoutMs, tries: 1 });
}
