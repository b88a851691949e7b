import type { LookupFunction } from 'node:net';
import type { BreakerSettings } from '../health/breaker.ts';
import { freshBreaker, type RelayHealthItem, type RelayHealthStore } from '../health/item.ts';
import { secretVersion } from '../health/relay-health.ts';
import { classify } from '../outcome/classify.ts';
import type { SmtpFailure } from '../outcome/outcome.ts';
import type { Clock, Random } from '../platform/clock.ts';
import { within } from '../platform/within.ts';
import type { Credentials, NoCredentials } from '../relays/credentials.ts';
import type { RelayConnectionSettings } from '../smtp/transport.ts';
import type { ProbeEvent } from './events.ts';
import { isLoginDue } from './login.ts';
import { failureText, type Measurement, measureRelay } from './measure.ts';
import { closedByProbe } from './recovery.ts';
import { type Measured, nextReport, type ProbeResult } from './report.ts';
import type { ProbeSettings } from './settings.ts';

export interface ProbeRelayPorts {
  readonly store: RelayHealthStore;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  readonly settings: ProbeSettings;
  readonly breaker: BreakerSettings;
  readonly lookup?: LookupFunction;
  readonly report: (event: ProbeEvent) => void;
}

/** One relay, and until when (ms since the epoch) its probe must be over. */
export interface ProbeTurn {
  readonly relay: string;
  /** Who runs this probe. */
  readonly owner: string;
  readonly deadline: number;
}

/** Senders write the same item; losing more often than this in a row is no race any more. */
const mostTries = 10;

/** Probes a relay once and writes what that showed. Rejects when the health table cannot be read or written. */
export async function probeRelay(turn: ProbeTurn, ports: ProbeRelayPorts): Promise<RelayHealthItem> {
  const { store, clock, report } = ports;
  let stored = await store.read(turn.relay);
  const result = await look(turn, stored, ports);
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const next = withResult(turn, stored, result, ports);
    const written = await store.write(next, stored);
    if (written.written) {
      report({ type: 'probed', relay: turn.relay, result, before: stored, after: next, at: clock.now() });
      return next;
    }
    stored = written.current;
  }
  throw new Error(`the health of ${turn.relay} was changed ${mostTries} times while the probe tried to write it`);
}

/** Pure but for the revision and the chance of the jitter. */
function withResult(
  { relay, owner }: ProbeTurn,
  stored: RelayHealthItem | undefined,
  result: ProbeResult,
  { clock, random, newId, settings, breaker: breakerSettings }: ProbeRelayPorts,
): RelayHealthItem {
  const now = clock.now();
  const probe = nextReport(stored?.probe, result, settings);
  const before = stored?.breaker ?? freshBreaker;
  const rules = { settings: breakerSettings, chance: random() };
  const evidence = { report: probe, now, intervalMs: settings.intervalMs, owner };
  const breaker = result.kind === 'measured' ? closedByProbe(before, { ...evidence, result }, rules) : before;
  return { ...stored, relay, revision: newId(), changedAt: now, breaker, probe };
}

async function look(
  { relay, deadline }: ProbeTurn,
  stored: RelayHealthItem | undefined,
  ports: ProbeRelayPorts,
): Promise<ProbeResult> {
  const { credentials, clock, settings } = ports;
  const at = clock.now();
  const first = await credentials.get(relay, deadline);
  if (!first.ok) return resultWithout(at, first);
  const version = secretVersion(first.settings.version);
  const login = first.settings.auth !== undefined && isLoginDue(stored, version, at, settings.authIntervalMs);
  const measured = await measure(first.settings, login, deadline, ports);
  if (!login || !isRefusedLogin(measured.failure)) return toResult(at, version, login, measured);
  // The secret may have changed a moment ago; as for a mail, other credentials are tried once, the same ones are not.
  const verdict = await within(credentials.refused(relay, first.settings.version), deadline - clock.now());
  if (verdict === undefined || verdict === 'same') return toResult(at, version, true, measured);
  const other = await credentials.get(relay, deadline);
  if (!other.ok) return toResult(at, version, true, measured);
  const again = await measure(other.settings, true, deadline, ports);
  return toResult(at, secretVersion(other.settings.version), true, again);
}

function resultWithout(at: number, { failure, unconfigured, token }: NoCredentials): ProbeResult {
  const error = failureText(failure);
  if (token === undefined) return { kind: unconfigured ? 'unconfigured' : 'untold', at, error };
  const version = secretVersion(token.version);
  return { kind: 'measured', at, version, phasesMs: {}, error, ...(token.refused && { login: 'token-refused' }) };
}

function measure(
  { auth, ...others }: RelayConnectionSettings,
  login: boolean,
  deadline: number,
  { clock, lookup }: ProbeRelayPorts,
): Promise<Measurement> {
  const settings = login && auth !== undefined ? { ...others, auth } : others;
  return measureRelay({ settings, clock, deadline, ...(lookup && { lookup }) });
}

function toResult(at: number, version: string, login: boolean, measurement: Measurement): ProbeResult {
  const { failure, phasesMs, latencyMs } = measurement;
  const loggedIn = login && (failure === undefined || failure.phase === 'auth');
  if (failure !== undefined && classify(failure).scope === 'throttle') {
    return { kind: 'untold', at, error: failureText(failure), ...(loggedIn && { loginVersion: version }) };
  }
  return {
    kind: 'measured',
    at,
    version,
    phasesMs,
    ...(latencyMs !== undefined && { latencyMs }),
    ...(loggedIn && { login: answerTo(failure) }),
    ...(failure !== undefined && { error: failureText(failure) }),
  };
}

function answerTo(failure: SmtpFailure | undefined): NonNullable<Measured['login']> {
  if (failure === undefined) return 'accepted';
  return isRefusedLogin(failure) ? 'refused' : 'unclear';
}

function isRefusedLogin(failure: SmtpFailure | undefined): boolean {
  return failure?.phase === 'auth' && classify(failure).trait === 'credentials';
}
