import type { Clock, Random } from '../platform/clock.ts';
import { within } from '../platform/within.ts';
import type { FetchToken, TokenAnswer, TokenRequest } from './oauth2.ts';

type TokenState = { readonly ok: true; readonly accessToken: string } | Extract<TokenAnswer, { ok: false }>;

/** The access token of one secret version. */
export interface TokenSource {
  /** Number of the token that `get` gives, or will give. Sessions opened with another one are not of its kind. */
  generation(): number;
  /** A token with some life left. Waits for a new one until `deadline` (ms since the epoch) at most. Never rejects. */
  get(deadline: number): Promise<TokenState>;
  /** Drops a token that a relay refused. False when that was done lately: then another token will not help either. */
  drop(): boolean;
}

export interface TokenSourceOptions {
  readonly request: TokenRequest;
  readonly fetchToken: FetchToken;
  readonly clock: Clock;
  readonly random: Random;
  readonly onFetch: (answer: TokenAnswer) => void;
}

interface Token {
  readonly accessToken: string;
  /** From here on a new one is fetched; this one serves while that fails. */
  readonly renewAt: number;
  readonly endsAt: number;
}

const fetchTimeoutMs = 10_000;
/**
 * Before asking again, doubled with each failure in a row. A refused secret is asked with less often: that is how clients
 * get locked. But not so rarely that a relay's next trial, 30 minutes after the refusal, would go by an old answer.
 */
const awayPause = { firstMs: 5_000, mostMs: 2 * 60_000 };
const refusedPause = { firstMs: 60_000, mostMs: 5 * 60_000 };
const dropPauseMs = 5 * 60_000;
/** Renewal starts this long before the end, or up to twice that, so that environments do not renew together. */
const renewalMs = 120_000;

export function createTokenSource({ request, fetchToken, clock, random, onFetch }: TokenSourceOptions): TokenSource {
  let token: Token | undefined;
  let generation = 1;
  let failure: Extract<TokenAnswer, { ok: false }> | undefined;
  let failuresInRow = 0;
  let pauseUntil = Number.NEGATIVE_INFINITY;
  let dropAllowedAt = Number.NEGATIVE_INFINITY;
  let flight: Promise<void> | undefined;

  const obtain = async (): Promise<void> => {
    const startedAt = clock.now();
    const answer = await fetchBounded(fetchToken, request);
    onFetch(answer);
    if (answer.ok) {
      // A dropped token has counted already.
      if (token !== undefined) generation += 1;
      token = toToken(answer, startedAt, random());
      failure = undefined;
      failuresInRow = 0;
    } else {
      const { firstMs, mostMs } = answer.rejected ? refusedPause : awayPause;
      pauseUntil = clock.now() + Math.min(firstMs * 2 ** failuresInRow, mostMs) * (0.5 + 0.5 * random());
      failure = answer;
      failuresInRow += 1;
    }
  };

  const held = (): TokenState | undefined =>
    token !== undefined && clock.now() < token.endsAt ? { ok: true, accessToken: token.accessToken } : undefined;

  return {
    generation: () => generation,
    async get(deadline) {
      const now = clock.now();
      const usable = held();
      if (usable !== undefined && token !== undefined && now < token.renewAt) return usable;
      if (usable !== undefined && flight !== undefined) return usable;
      if (failure !== undefined && now < pauseUntil) return usable ?? failure;
      flight ??= obtain().finally(() => {
        flight = undefined;
      });
      await within(flight, deadline - now);
      return held() ?? failure ?? { ok: false, rejected: false, message: 'the token endpoint took too long' };
    },
    drop() {
      const now = clock.now();
      if (now < dropAllowedAt) return false;
      dropAllowedAt = now + dropPauseMs;
      if (token !== undefined) generation += 1;
      token = undefined;
      return true;
    },
  };
}

function toToken(answer: Extract<TokenAnswer, { ok: true }>, startedAt: number, random: number): Token {
  const renewal = Math.min(renewalMs, answer.lifetimeMs / 4) * (1 + random);
  const endsAt = startedAt + answer.lifetimeMs * 0.98;
  return { accessToken: answer.accessToken, renewAt: startedAt + answer.lifetimeMs - renewal, endsAt };
}

async function fetchBounded(fetchToken: FetchToken, request: TokenRequest): Promise<TokenAnswer> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), fetchTimeoutMs);
  try {
    return await fetchToken(request, controller.signal);
  } catch {
    return { ok: false, rejected: false, message: 'the token endpoint could not be asked' };
  } finally {
    clearTimeout(timer);
  }
}
