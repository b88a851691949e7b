import {
  type Breaker,
  type ClosedBreaker,
  freshBreaker,
  type ProbeReport,
  type RelayHealthItem,
} from '../health/item.ts';
import type { ProbeResult } from './report.ts';

/** A refused login is not tried again for so long: repeated wrong passwords lock accounts. */
const refusedLoginMs = 30 * 60_000;
/** After an answer that is neither yes nor no, such as too many logins; doubled with each one in a row. */
const unclearLoginMs = 60_000;

/** @param version of the relay's secret, without the number of an OAuth 2.0 token */
export function isLoginDue(
  item: RelayHealthItem | undefined,
  version: string,
  now: number,
  authIntervalMs: number,
): boolean {
  const breaker = item?.breaker ?? freshBreaker;
  const login = item?.probe?.login?.version === version ? item.probe.login : undefined;
  const unclear = item?.probe?.unclearLogin?.version === version ? item.probe.unclearLogin : undefined;
  const last = unclear ?? login;
  // Closed since: an operator has reset it, or a mail's login was accepted.
  const closedSince = last !== undefined && breaker.state === 'closed' && breaker.closedAt > last.at;
  if (closedSince && (unclear !== undefined || login?.accepted === false)) return true;
  if (unclear !== undefined && now - unclear.at < unclearPauseMs(unclear.inRow)) return false;
  if (login?.accepted === false) return now - login.at >= refusedLoginMs;
  if (wasRefused(breaker, version)) return now >= breaker.reopensAt;
  return unclear !== undefined || login === undefined || now - login.at >= authIntervalMs;
}

function unclearPauseMs(inRow: number): number {
  return Math.min(unclearLoginMs * 2 ** (inRow - 1), refusedLoginMs);
}

export type Logins = Pick<ProbeReport, 'login' | 'unclearLogin'>;

/** What is known of the relay's logins after one more probe. */
export function loginsAfter(previous: Logins | undefined, result: ProbeResult): Logins {
  const { login, unclearLogin } = previous ?? {};
  const tried = triedIn(result);
  if (tried === undefined) return { ...(login && { login }), ...(unclearLogin && { unclearLogin }) };
  const { version, answer } = tried;
  const { at } = result;
  if (answer === 'accepted' || answer === 'refused') return { login: { version, at, accepted: answer === 'accepted' } };
  const inRow = unclearLogin?.version === version ? unclearLogin.inRow + 1 : 1;
  return {
    ...(login && { login }),
    unclearLogin: { version, at, inRow, throttled: answer === 'throttled' },
  };
}

/** With which secret version the probe asked for a login, and what came of it. */
function triedIn(
  result: ProbeResult,
): { readonly version: string; readonly answer: 'accepted' | 'refused' | 'unclear' | 'throttled' } | undefined {
  if (result.kind === 'untold' && result.loginVersion !== undefined) {
    return { version: result.loginVersion, answer: 'throttled' };
  }
  if (result.kind !== 'measured' || result.login === undefined || result.login === 'token-refused') return undefined;
  return { version: result.version, answer: result.login };
}

/** A mail's login with this version was refused, and nothing is known that would have changed it. */
function wasRefused(breaker: Breaker, version: string): breaker is Exclude<Breaker, ClosedBreaker> {
  return breaker.state !== 'closed' && breaker.reason === 'credentials' && breaker.refusedVersions.includes(version);
}
