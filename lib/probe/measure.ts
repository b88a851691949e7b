import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import type { SmtpFailure } from '../outcome/outcome.ts';
import type { Clock } from '../platform/clock.ts';
import { allowed, type Bounds } from '../smtp/bounds.ts';
import { Channel } from '../smtp/channel.ts';
import { type Dialled, dial, secure } from '../smtp/dial.ts';
import { failedBy, networkErrorOf } from '../smtp/failure.ts';
import { quit } from '../smtp/farewell.ts';
import { handshake } from '../smtp/handshake.ts';
import { TlsContext } from '../smtp/tls-context.ts';
import type { RelayConnectionSettings } from '../smtp/transport.ts';

/** Milliseconds per phase of a probe: dns, connect, tls, greeting, ehlo, starttls, auth, quit. Absent: not reached. */
export type PhaseTimes = Readonly<Record<string, number>>;

export interface Measurement {
  readonly phasesMs: PhaseTimes;
  /** Connect to greeting, TLS included, the resolution of the name not. Absent when the relay did not get that far. */
  readonly latencyMs?: number;
  /** Absent: the relay would have taken a mail. */
  readonly failure?: SmtpFailure;
}

export interface MeasureOptions {
  /** Without `auth` nobody logs in. */
  readonly settings: RelayConnectionSettings;
  readonly clock: Clock;
  /** The whole probe ends by then, ms since the epoch. */
  readonly deadline: number;
  readonly lookup?: LookupFunction;
}

/** A relay that takes its time over a farewell is not measured by it. */
const maxQuitMs = 1000;

/** Opens a session as a mail would, says goodbye, and tells how long each phase took. Never rejects; leaves no socket. */
export async function measureRelay(options: MeasureOptions): Promise<Measurement> {
  const phases = new Map<string, number>();
  const add = (phase: string, tookMs: number): void => void phases.set(phase, (phases.get(phase) ?? 0) + tookMs);
  const failure = await converse(options, add).catch(unplanned);
  const phasesMs = Object.fromEntries(phases);
  const { connect, greeting, tls = 0 } = phasesMs;
  const measured = connect !== undefined && greeting !== undefined && hasGreeted(failure);
  return {
    phasesMs,
    ...(measured && { latencyMs: connect + greeting + tls }),
    ...(failure && { failure }),
  };
}

/** A latency counts only when its last phase did not fail. */
function hasGreeted(failure: SmtpFailure | undefined): boolean {
  return failure === undefined || failure.phase === 'auth';
}

/** Unreadable certificates of the secret, or a port that is none. */
function unplanned(error: unknown): SmtpFailure {
  return failedBy('tls', networkErrorOf(error instanceof Error ? error : new Error(String(error))));
}

type AddPhase = (phase: string, tookMs: number) => void;

async function converse(
  { settings, clock, deadline, lookup = systemLookup }: MeasureOptions,
  add: AddPhase,
): Promise<SmtpFailure | undefined> {
  const left = Math.max(0, deadline - clock.now());
  const timeouts = { connectMs: left, greetingMs: left, commandMs: left, finalReplyMs: left };
  const bounds: Bounds = { timeouts, clock, deadline };
  const tls = settings.tls === 'none' ? undefined : new TlsContext(settings);
  const dialled = await timedDial(settings, lookup, bounds, add);
  if (!dialled.ok) return dialled.failure;
  if (settings.tls !== 'implicit' || tls === undefined) return greet(settings, dialled.socket, tls, bounds, add);
  const startedAt = clock.now();
  const secured = await secure(dialled.socket, tls, bounds);
  add('tls', clock.now() - startedAt);
  return secured.ok ? greet(settings, secured.socket, undefined, bounds, add) : secured.failure;
}

async function timedDial(
  { host, port }: RelayConnectionSettings,
  lookup: LookupFunction,
  bounds: Bounds,
  add: AddPhase,
): Promise<Dialled> {
  const { clock } = bounds;
  const startedAt = clock.now();
  let connectingSince = startedAt;
  const timedLookup: LookupFunction = (name, options, callback) => {
    lookup(name, options, (error, address, family) => {
      connectingSince = clock.now();
      add('dns', connectingSince - startedAt);
      callback(error, address, family);
    });
  };
  const dialled = await dial({ host, port, lookup: timedLookup }, bounds);
  const inDns = !dialled.ok && dialled.failure.phase === 'dns';
  if (!inDns) add('connect', clock.now() - connectingSince);
  return dialled;
}

/** @param upgrade present where STARTTLS follows */
async function greet(
  settings: RelayConnectionSettings,
  socket: Socket,
  upgrade: TlsContext | undefined,
  bounds: Bounds,
  add: AddPhase,
): Promise<SmtpFailure | undefined> {
  const { host, ehloName } = settings;
  const channel = new Channel(socket, settings.tls === 'implicit', {
    host,
    ...(ehloName === undefined ? {} : { ehloName }),
    ...(upgrade === undefined ? {} : { starttls: upgrade.options() }),
  });
  const shaken = await handshake({ channel, settings, upgrade, bounds, onPhase: add });
  if (!shaken.ok) return shaken.failure;
  const startedAt = bounds.clock.now();
  await quit(channel, Math.min(maxQuitMs, allowed(maxQuitMs, bounds)));
  add('quit', bounds.clock.now() - startedAt);
  return undefined;
}

/** One sentence for people; holds no secret and no address. */
export function failureText({ phase, reply, error }: SmtpFailure): string {
  if (error !== undefined) return `${phase}: ${error.message}`;
  return `${phase}: ${reply.code} ${reply.text}`.slice(0, 300);
}
