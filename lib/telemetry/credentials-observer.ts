import type { CredentialsObserver } from '../relays/credentials.ts';
import type { Log } from './log.ts';
import type { Telemetry } from './telemetry.ts';

/**
 * Counts and logs what happens to credentials. `log` gives the log of the invocation that is running, `onRead` is called
 * for each secret that is fetched.
 */
export function credentialsObserver(
  telemetry: Pick<Telemetry, 'count'>,
  log: () => Log,
  onRead: () => void = () => {},
): CredentialsObserver {
  return {
    secretRead(relay, result, reason) {
      onRead();
      if (result === 'changed') log().event('relay.credentials-refreshed', { relay });
      if (result === 'unusable') log().event('relay.unconfigured', { relay, ...(reason && { message: reason }) });
    },
    tokenFetched(relay, result, reason) {
      if (result === 'failed')
        log().event('relay.fault', { relay, phase: 'credentials', ...(reason && { message: reason }) });
    },
    loginRefused(relay, verdict) {
      telemetry.count('CredentialRejections', relay);
      log().event('relay.credentials-refused', { relay, outcome: verdict });
    },
  };
}
