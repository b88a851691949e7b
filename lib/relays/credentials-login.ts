import type { Clock } from '../platform/clock.ts';
import { within } from '../platform/within.ts';
import type { CachedSecret, LoadedSecret, SecretState } from './credentials-secret.ts';
import type { TokenSource } from './oauth2-token.ts';

/**
 * After a refused login: `newer` and `previous` say that other credentials are in use now and one more try is worth it;
 * `same` that there are none, and that trying again may lock the account.
 */
export type RefusalVerdict = 'newer' | 'previous' | 'same';

/** Which version of its secret one relay is addressed with. */
export interface RelayLogin {
  /** The version in use. Waits until `deadline` (ms since the epoch) at most, also for a verdict in the making. */
  choose(deadline: number): Promise<SecretState>;
  /** What sessions call the version: the secret's version id, for OAuth 2.0 followed by the token's number. */
  versionOf(loaded: LoadedSecret): string;
  tokenOf(loaded: LoadedSecret): TokenSource | undefined;
  /** A login with this version was refused. */
  refused(version: string, by: 'relay' | 'token-endpoint'): Promise<RefusalVerdict>;
}

export interface RelayLoginOptions {
  readonly secret: CachedSecret;
  readonly createToken: (loaded: LoadedSecret) => TokenSource | undefined;
  readonly clock: Clock;
}

/** For this long a refused version is not tried again, and Secrets Manager is not asked about it again. */
const refusalMs = 10_000;

/** The current version, the previous one, and both once more, so that a rotation forgets no token in use. */
const mostTokens = 4;

/**
 * A rotation changes the relay and the secret one after the other. Between the two, the current version is refused and the
 * previous one still works; as soon as that one is refused too, the current one is due again.
 */
export function createRelayLogin({ secret, createToken, clock }: RelayLoginOptions): RelayLogin {
  // By version and not by object: the previous version is read anew each time, and its pause after a failure must hold.
  const tokens = new Map<string, TokenSource | undefined>();
  const refusedAt = new Map<string, number>();
  let fallback: { readonly insteadOf: string; readonly loaded: LoadedSecret } | undefined;
  let pending: Promise<RefusalVerdict> | undefined;

  const tokenOf = (loaded: LoadedSecret): TokenSource | undefined => {
    const { versionId } = loaded;
    const token = tokens.has(versionId) ? tokens.get(versionId) : createToken(loaded);
    tokens.delete(versionId);
    tokens.set(versionId, token);
    for (const oldest of [...tokens.keys()].slice(0, -mostTokens)) tokens.delete(oldest);
    return token;
  };
  const versionOf = (loaded: LoadedSecret): string => {
    const token = tokenOf(loaded);
    return token === undefined ? loaded.versionId : `${loaded.versionId}.${token.generation()}`;
  };
  const inUse = (current: LoadedSecret): LoadedSecret =>
    fallback?.insteadOf === current.versionId ? fallback.loaded : current;
  const wasRefused = (loaded: LoadedSecret): boolean =>
    clock.now() - (refusedAt.get(versionOf(loaded)) ?? Number.NEGATIVE_INFINITY) < refusalMs;
  const kindOf = (loaded: LoadedSecret): RefusalVerdict => (loaded === fallback?.loaded ? 'previous' : 'newer');

  const note = (version: string): void => {
    for (const [known, at] of refusedAt) if (clock.now() - at >= refusalMs) refusedAt.delete(known);
    refusedAt.set(version, clock.now());
  };

  const decide = async (by: 'relay' | 'token-endpoint'): Promise<RefusalVerdict> => {
    const state = await secret.refresh();
    if (!state.ok) return 'same';
    const current = state.loaded;
    if (!wasRefused(current)) {
      fallback = undefined;
      return 'newer';
    }
    const used = inUse(current);
    if (by === 'relay' && tokenOf(used)?.drop()) return kindOf(used);
    const previous = await secret.previous();
    const usable = previous !== undefined && !isSameLogin(previous, current) && !wasRefused(previous);
    fallback = usable ? { insteadOf: current.versionId, loaded: previous } : undefined;
    return usable ? 'previous' : 'same';
  };

  return {
    versionOf,
    tokenOf,
    async choose(deadline) {
      // A version that is being judged is not worth another refused login: that is how accounts get locked.
      if (pending !== undefined) await within(pending, deadline - clock.now());
      const state = pending === undefined ? await secret.current(deadline) : secret.known();
      return state.ok ? { ok: true, loaded: inUse(state.loaded) } : state;
    },
    async refused(version, by) {
      const state = secret.known();
      const used = state.ok ? inUse(state.loaded) : undefined;
      // Another mail's refusal has changed it already.
      if (used !== undefined && versionOf(used) !== version) return wasRefused(used) ? 'same' : kindOf(used);
      if (pending !== undefined) return pending;
      if (used !== undefined && wasRefused(used)) return 'same';
      note(version);
      pending = decide(by).finally(() => {
        pending = undefined;
      });
      return pending;
    },
  };
}

/** The previous version may differ in nothing that a login sees, such as the CA: then it would be refused as well. */
function isSameLogin(one: LoadedSecret, other: LoadedSecret): boolean {
  const login = ({ secret: s }: LoadedSecret) => JSON.stringify([s.host, s.port, s.username, s.password, s.oauth2]);
  return one.versionId === other.versionId || login(one) === login(other);
}
