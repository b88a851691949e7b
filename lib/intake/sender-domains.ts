import type { FieldError } from '../contracts/dead-letter.ts';
import { domainOf, normaliseDomain } from './addresses.ts';

/**
 * The senders whose domain the stage does not allow. An empty list allows every domain; the null sender (RFC 5321
 * §4.5.5) has none and is always allowed. Subdomains are domains of their own.
 */
export function forbiddenSenders(
  senders: readonly { readonly field: string; readonly address: string }[],
  allowedDomains: readonly string[],
): FieldError[] {
  if (allowedDomains.length === 0) return [];
  const allowed = new Set(allowedDomains.map((domain) => normaliseDomain(domain) ?? domain));
  return senders
    .filter(({ address }) => address !== '' && !allowed.has(domainOf(address)))
    .map(({ field, address }) => ({ field, rule: `must have an allowed sender domain, not "${domainOf(address)}"` }));
}
