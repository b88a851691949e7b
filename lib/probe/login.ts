import { type Breaker, type ClosedBreaker, freshBreaker, type RelayHealthItem } from '../health/item.ts';

/** A refused login is not tried again for so long: repeated wrong passwords lock accounts. */
const refusedLoginMs = 30 * 60_000;

/** @param version of the relay's secret, without the number of an OAuth 2.0 token */
export function isLoginDue(
  item: RelayHealthItem | undefined,
  version: string,
  now: number,
  authIntervalMs: number,
): boolean {
  const breaker = item?.breaker ?? freshBreaker;
  const login = item?.probe?.login?.version === version ? item.probe.login : undefined;
  if (login?.accepted === false) {
    // Closed since: an operator has reset it, or a mail's login was accepted.
    if (breaker.state === 'closed' && breaker.closedAt > login.at) return true;
    return now - login.at >= Math.max(refusedLoginMs, authIntervalMs);
  }
  if (wasRefused(breaker, version)) return now >= breaker.reopensAt;
  return login === undefined || now - login.at >= authIntervalMs;
}

/** A mail's login with this version was refused, and nothing is known that would have changed it. */
function wasRefused(breaker: Breaker, version: string): breaker is Exclude<Breaker, ClosedBreaker> {
  return breaker.state !== 'closed' && breaker.reason === 'credentials' && breaker.refusedVersions.includes(version);
}
