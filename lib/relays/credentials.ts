import type { RelaySettings } from '../contracts/sender-environment.ts';
import type { SmtpFailure } from '../outcome/outcome.ts';
import type { Clock, Random } from '../platform/clock.ts';
import { within } from '../platform/within.ts';
import type { RelayConnectionSettings } from '../smtp/transport.ts';
import { createRelayLogin, type RefusalVerdict, type RelayLogin } from './credentials-login.ts';
import { createCachedSecret, type SecretReader, type SecretReadResult } from './credentials-secret.ts';
import { toConnectionSettings } from './credentials-settings.ts';
import type { FetchToken } from './oauth2.ts';
import { createTokenSource } from './oauth2-token.ts';

export type CredentialsResult = { readonly ok: true; readonly settings: RelayConnectionSettings } | NoCredentials;

export interface NoCredentials {
  readonly ok: false;
  /** Phase `credentials`, error kind `unavailable`; the message says why, for people. */
  readonly failure: SmtpFailure;
  /** The secret is missing, a placeholder, malformed or may not be read: somebody must act. False: it may pass. */
  readonly unconfigured: boolean;
  /**
   * The secret is there, but its token endpoint gave no token: as good as a relay that is down, or, when `refused`, that
   * refuses the login of this `version`.
   */
  readonly token?: { readonly refused: boolean; readonly version: string };
}

export interface Credentials {
  /** How to reach a relay now. Waits until `deadline` (ms since the epoch) at most; no call while the cache is fresh. */
  get(relay: string, deadline: number): Promise<CredentialsResult>;
  /**
   * The relay refused the login of `settings.version`. Asks Secrets Manager at once, but once per version and ten seconds,
   * however many mails were refused. After `newer` and `previous`, `get` gives the other credentials.
   */
  refused(relay: string, version: string): Promise<RefusalVerdict>;
}

/** What happens to credentials, for metrics and logs. Reasons hold no secret. */
export interface CredentialsObserver {
  /** Secrets Manager was asked for the current version. After `unusable` a version that was valid may still be in use. */
  secretRead(relay: string, result: SecretReadResult, reason?: string): void;
  tokenFetched(relay: string, result: 'obtained' | 'failed', reason?: string): void;
  /** A relay, or a token endpoint, refused the credentials. */
  loginRefused(relay: string, verdict: RefusalVerdict): void;
}

export interface CredentialsOptions {
  readonly secrets: SecretReader;
  readonly relays: Readonly<Record<string, Pick<RelaySettings, 'secretId' | 'allowPlaintext' | 'maxSessions'>>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly fetchToken: FetchToken;
  /** Milliseconds between two reads of a secret. A new version is in use within 4/3 of it. */
  readonly ttlMs?: number;
  readonly observer?: CredentialsObserver;
}

/** The credentials of every relay, kept across invocations. Nothing it returns ever rejects. */
export function createCredentials(options: CredentialsOptions): Credentials {
  const logins = new Map(Object.keys(options.relays).map((relay) => [relay, createLogin(relay, options)]));

  return {
    async get(relay, deadline) {
      const login = logins.get(relay);
      const maxSessions = options.relays[relay]?.maxSessions;
      if (login === undefined || maxSessions === undefined)
        return unavailable('the relay is not in the stage config', true);
      const first = await attempt(relay, login, maxSessions, deadline);
      if (first.ok || !first.token?.refused) return first;
      const judged = login.refused(first.token.version, 'token-endpoint');
      const verdict = (await within(judged, deadline - options.clock.now())) ?? 'same';
      options.observer?.loginRefused(relay, verdict);
      return verdict === 'same' ? first : attempt(relay, login, maxSessions, deadline);
    },
    async refused(relay, version) {
      const verdict = (await logins.get(relay)?.refused(version, 'relay')) ?? 'same';
      options.observer?.loginRefused(relay, verdict);
      return verdict;
    },
  };
}

function createLogin(relay: string, options: CredentialsOptions): RelayLogin {
  const { secrets, relays, clock, random, fetchToken, ttlMs = 45_000, observer } = options;
  const { secretId = '', allowPlaintext = false } = relays[relay] ?? {};
  const secret = createCachedSecret({
    secretId,
    allowPlaintext,
    secrets,
    clock,
    random,
    ttlMs,
    onRead: (result, reason) => observer?.secretRead(relay, result, reason),
  });
  return createRelayLogin({
    secret,
    clock,
    createToken: ({ secret: { oauth2 } }) =>
      oauth2 &&
      createTokenSource({
        request: oauth2,
        fetchToken,
        clock,
        random,
        onFetch: (answer) =>
          answer.ok
            ? observer?.tokenFetched(relay, 'obtained')
            : observer?.tokenFetched(relay, 'failed', answer.message),
      }),
  });
}

async function attempt(
  relay: string,
  login: RelayLogin,
  maxSessions: number,
  deadline: number,
): Promise<CredentialsResult> {
  const state = await login.choose(deadline);
  if (!state.ok) return unavailable(state.reason, state.unconfigured);
  const token = await login.tokenOf(state.loaded)?.get(deadline);
  const version = login.versionOf(state.loaded);
  if (token !== undefined && !token.ok) {
    return { ...unavailable(token.message, false), token: { refused: token.rejected, version } };
  }
  const accessToken = token && { accessToken: token.accessToken };
  const settings = toConnectionSettings(relay, state.loaded.secret, { version, maxSessions, ...accessToken });
  return { ok: true, settings };
}

function unavailable(message: string, unconfigured: boolean): NoCredentials {
  const failure: SmtpFailure = { phase: 'credentials', reused: false, error: { kind: 'unavailable', message } };
  return { ok: false, failure, unconfigured };
}
