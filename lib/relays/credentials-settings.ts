import type { RelaySecret } from '../contracts/relay-secret.ts';
import type { PasswordAuth, RelayConnectionSettings, TokenAuth } from '../smtp/transport.ts';

/** What the connection needs, from a valid secret. `accessToken` belongs to secrets with `oauth2`. */
export function toConnectionSettings(
  relay: string,
  secret: RelaySecret,
  given: { readonly version: string; readonly maxSessions: number; readonly accessToken?: string },
): RelayConnectionSettings {
  const { host, port, tls, ca, servername, clientCert, clientKey, ehloName } = secret;
  const auth = toAuth(secret, given.accessToken);
  return {
    relay,
    version: given.version,
    maxSessions: given.maxSessions,
    host,
    port,
    tls,
    ...(auth && { auth }),
    ...(ca && { ca }),
    ...(servername && { servername }),
    ...(clientCert && { clientCert }),
    ...(clientKey && { clientKey }),
    ...(ehloName && { ehloName }),
  };
}

function toAuth(secret: RelaySecret, accessToken: string | undefined): PasswordAuth | TokenAuth | undefined {
  const { oauth2, username, password, authMethod } = secret;
  if (oauth2 && accessToken) return { kind: 'token', user: oauth2.user, accessToken };
  if (!username || !password) return undefined;
  return { kind: 'password', username, password, ...(authMethod && { method: authMethod }) };
}
