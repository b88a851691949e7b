import type { MxRecord } from 'node:dns';
import { normaliseDomain } from '../intake/addresses.ts';
import type { Clock } from '../platform/clock.ts';

/** Whether a domain takes mail. `unknown` says nothing about the domain: ask again later. */
export type ReturnPathVerdict =
  | { readonly kind: 'valid' }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** The part of `node:dns/promises` Resolver that is used; rejects with its error codes. */
export interface MailResolver {
  resolveMx(domain: string): Promise<MxRecord[]>;
  resolve4(domain: string): Promise<string[]>;
  resolve6(domain: string): Promise<string[]>;
  /** Ends what is still under way. */
  cancel(): void;
}

export interface ReturnPathOptions {
  /** One per check, so that its end ends every query of it. */
  readonly openResolver: () => MailResolver;
  readonly clock: Clock;
  /** Bound of one whole check, in milliseconds. */
  readonly timeoutMs: number;
}

/** How long a verdict holds. DNS's own TTLs are not seen for MX; these are short against the five days of a retry. */
const validForMs = 600_000;
const invalidForMs = 300_000;
const maxDomains = 1000;

/** Answers of DNS that say that there is nothing (https://nodejs.org/api/dns.html#error-codes). */
const absent = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/**
 * Checks domains of return paths (RFC 5321 §5.1): MX; without one A or AAAA; a null MX (RFC 7505) takes no mail. CNAMEs are
 * followed by the resolver. Never rejects. Verdicts are kept for minutes, at most 1,000 of them; time-outs are not.
 */
export function createReturnPathCheck(options: ReturnPathOptions): (domain: string) => Promise<ReturnPathVerdict> {
  const { clock } = options;
  const known = new Map<string, { readonly verdict: Promise<ReturnPathVerdict>; until: number }>();

  return (spelling) => {
    if (spelling.startsWith('[')) return Promise.resolve({ kind: 'valid' });
    const domain = normaliseDomain(spelling);
    if (domain === undefined) return Promise.resolve({ kind: 'invalid', reason: 'is not a domain name' });
    const cached = known.get(domain);
    if (cached !== undefined && clock.now() < cached.until) return cached.verdict;
    const entry = { verdict: lookUp(domain, options), until: Number.POSITIVE_INFINITY };
    known.delete(domain);
    known.set(domain, entry);
    if (known.size > maxDomains) known.delete(known.keys().next().value ?? '');
    void entry.verdict.then(({ kind }) => {
      if (kind === 'unknown' && known.get(domain) === entry) known.delete(domain);
      entry.until = clock.now() + (kind === 'valid' ? validForMs : invalidForMs);
    });
    return entry.verdict;
  };
}

async function lookUp(domain: string, { openResolver, timeoutMs }: ReturnPathOptions): Promise<ReturnPathVerdict> {
  const late = Promise.withResolvers<ReturnPathVerdict>();
  const timer = setTimeout(() => late.resolve({ kind: 'unknown', reason: 'DNS did not answer in time' }), timeoutMs);
  let resolver: MailResolver | undefined;
  try {
    resolver = openResolver();
    return await Promise.race([judge(domain, resolver), late.promise]);
  } catch (error) {
    return { kind: 'unknown', reason: `DNS failed: ${String(error)}` };
  } finally {
    clearTimeout(timer);
    resolver?.cancel();
  }
}

async function judge(domain: string, resolver: MailResolver): Promise<ReturnPathVerdict> {
  const exchanges = await answer(resolver.resolveMx(domain));
  if (exchanges.kind === 'failed') return { kind: 'unknown', reason: `MX: ${exchanges.code}` };
  if (exchanges.kind === 'found') {
    return exchanges.records.every(({ exchange }) => exchange === '' || exchange === '.')
      ? { kind: 'invalid', reason: 'says that it takes no mail (null MX)' }
      : { kind: 'valid' };
  }
  if (exchanges.code === 'ENOTFOUND') return { kind: 'invalid', reason: 'does not exist' };
  const addresses = await Promise.all([answer(resolver.resolve4(domain)), answer(resolver.resolve6(domain))]);
  if (addresses.some(({ kind }) => kind === 'found')) return { kind: 'valid' };
  const failed = addresses.filter((one) => one.kind !== 'found').find((one) => one.kind === 'failed');
  if (failed !== undefined) return { kind: 'unknown', reason: `address: ${failed.code}` };
  return { kind: 'invalid', reason: 'has neither MX nor address' };
}

type Answer<T> =
  | { readonly kind: 'found'; readonly records: readonly T[] }
  | { readonly kind: 'absent' | 'failed'; readonly code: string };

async function answer<T>(query: Promise<readonly T[]>): Promise<Answer<T>> {
  try {
    const records = await query;
    return records.length > 0 ? { kind: 'found', records } : { kind: 'absent', code: 'ENODATA' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { kind: absent.has(code) ? 'absent' : 'failed', code };
  }
}
