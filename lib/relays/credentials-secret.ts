import { parseRelaySecret, type RelaySecret } from '../contracts/relay-secret.ts';
import type { Clock, Random } from '../platform/clock.ts';
import { within } from '../platform/within.ts';

export type VersionStage = 'AWSCURRENT' | 'AWSPREVIOUS';

export type SecretRead =
  | { readonly kind: 'value'; readonly versionId: string; readonly text: string }
  /** `missing`: no such secret, no value, or deleted. `denied`: it may not be read. `away`: ask again later. */
  | { readonly kind: 'missing' | 'denied' | 'away'; readonly reason: string };

/** Where secrets come from. Never rejects, and ends soon after the signal does; reasons hold no secret. */
export interface SecretReader {
  read(secretId: string, stage: VersionStage, signal: AbortSignal): Promise<SecretRead>;
}

export interface LoadedSecret {
  readonly versionId: string;
  readonly secret: RelaySecret;
}

export type SecretState =
  | { readonly ok: true; readonly loaded: LoadedSecret }
  | { readonly ok: false; readonly unconfigured: boolean; readonly reason: string };

export interface CachedSecret {
  /** What is known now, refreshed before if it is time to. Waits for that until `deadline` (ms since the epoch) at most. */
  current(deadline: number): Promise<SecretState>;
  /** What is known, without asking. */
  known(): SecretState;
  /** Asks Secrets Manager now, or joins who is asking already. */
  refresh(): Promise<SecretState>;
  /** The version before the current one, if there is one and it is valid. */
  previous(): Promise<LoadedSecret | undefined>;
}

export interface CachedSecretOptions {
  readonly secretId: string;
  readonly allowPlaintext: boolean;
  readonly secrets: SecretReader;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds a valid value is used without asking again. */
  readonly ttlMs: number;
  readonly onRead: (result: SecretReadResult, reason?: string) => void;
}

/** `unusable`: read, but of no use, or not allowed. A value that was valid before may still be in use. */
export type SecretReadResult = 'changed' | 'unchanged' | 'unusable' | 'away';

/** One call to Secrets Manager, the SDK's own repetitions included. */
const readTimeoutMs = 5_000;
/** Before asking again when there was no usable value: short, so that filling in a secret takes effect soon. */
const unusableTtlMs = 10_000;

/**
 * One relay's secret, kept for a time.
 *
 * Lambda freezes the process between invocations, so a refresh that nobody awaits may end minutes later, or never. Here the
 * first caller after the time to live awaits the refresh, while others go on with the old value for a third of that time;
 * after that (the process slept) everybody waits. So a new version is in use within 4/3 of the time to live, and one mail
 * in thousands waits for one call.
 */
export function createCachedSecret(options: CachedSecretOptions): CachedSecret {
  const { clock, random, ttlMs, onRead } = options;
  let state: SecretState = { ok: false, unconfigured: false, reason: 'the secret has not been read yet' };
  let dueAt = Number.NEGATIVE_INFINITY;
  let flight: Promise<SecretState> | undefined;

  const refresh = (): Promise<SecretState> => {
    flight ??= readBounded(options, 'AWSCURRENT')
      .then((read) => settle(read))
      .finally(() => {
        flight = undefined;
      });
    return flight;
  };

  const settle = (read: SecretRead): SecretState => {
    const next = judge(read, state, options.allowPlaintext);
    state = next.state;
    const ttl = next.result === 'changed' || next.result === 'unchanged' ? ttlMs : Math.min(unusableTtlMs, ttlMs);
    // Spread, so that environments that started together do not ask together.
    dueAt = clock.now() + ttl * (0.8 + 0.2 * random());
    onRead(next.result, next.reason);
    return state;
  };

  return {
    async current(deadline) {
      const now = clock.now();
      if (now < dueAt) return state;
      if (flight !== undefined && state.ok && now < dueAt + ttlMs / 3) return state;
      return (await within(refresh(), deadline - now)) ?? state;
    },
    known: () => state,
    refresh,
    async previous() {
      const read = await readBounded(options, 'AWSPREVIOUS');
      if (read.kind !== 'value') return undefined;
      const parsed = parseRelaySecret(read.text, options.allowPlaintext);
      return parsed.ok ? { versionId: read.versionId, secret: parsed.secret } : undefined;
    },
  };
}

interface Judgement {
  readonly state: SecretState;
  readonly result: SecretReadResult;
  readonly reason?: string;
}

/**
 * What an answer of Secrets Manager makes of what was known. A valid value survives an outage, a lost permission and a
 * malformed or placeholder successor: those are accidents, and a relay that works is not taken down by them. It does not
 * survive the secret's deletion, which somebody meant.
 */
function judge(read: SecretRead, before: SecretState, allowPlaintext: boolean): Judgement {
  if (read.kind === 'value') {
    if (before.ok && before.loaded.versionId === read.versionId) return { state: before, result: 'unchanged' };
    const parsed = parseRelaySecret(read.text, allowPlaintext);
    if (parsed.ok) {
      return { state: { ok: true, loaded: { versionId: read.versionId, secret: parsed.secret } }, result: 'changed' };
    }
    return unusable(before, parsed.reason);
  }
  if (read.kind === 'denied') return unusable(before, read.reason);
  if (read.kind === 'missing') {
    return { state: { ok: false, unconfigured: true, reason: read.reason }, result: 'unusable', reason: read.reason };
  }
  const state: SecretState = before.ok || before.unconfigured ? before : { ...before, reason: read.reason };
  return { state, result: 'away', reason: read.reason };
}

function unusable(before: SecretState, reason: string): Judgement {
  return { state: before.ok ? before : { ok: false, unconfigured: true, reason }, result: 'unusable', reason };
}

async function readBounded(options: CachedSecretOptions, stage: VersionStage): Promise<SecretRead> {
  const controller = new AbortController();
  const read = options.secrets.read(options.secretId, stage, controller.signal).catch(() => undefined);
  const answer = await within(read, readTimeoutMs);
  controller.abort();
  return answer ?? { kind: 'away', reason: 'Secrets Manager did not answer in time' };
}
