import type { SecretRead, SecretReader } from '../../../lib/relays/credentials-secret.ts';
import { type ScriptedRelay, startScriptedRelay } from '../../support/scripted-relay.ts';

const user = 'postroom';
const right = 'right-password';

/** Two relays on this machine that want a login, and their secrets. */
export interface RehearsalRelays {
  readonly names: readonly string[];
  readonly secrets: SecretReader;
  /** It resets every connection before it greets, or is well again. */
  setUp(relay: string, up: boolean): void;
  /** What its secret holds from now on; each call is a new version. */
  setSecret(relay: string, kind: 'right' | 'wrong-password' | 'placeholder'): void;
  close(): Promise<void>;
}

export async function startRehearsalRelays(names: readonly string[]): Promise<RehearsalRelays> {
  const options = { auth: ['PLAIN'], login: { user, password: right } } as const;
  const relays = new Map<string, ScriptedRelay>();
  for (const name of names) relays.set(name, await startScriptedRelay(options));
  const secrets = new Map<string, { readonly kind: string; readonly versionId: string }>();
  let version = 1;

  const read = (name: string): SecretRead => {
    const { kind, versionId } = secrets.get(name) ?? { kind: 'right', versionId: 'v1' };
    if (kind === 'placeholder') return { kind: 'value', versionId, text: '{"host": "REPLACE ME"}' };
    const port = relays.get(name)?.port;
    const password = kind === 'right' ? right : 'wrong-password';
    return {
      kind: 'value',
      versionId,
      text: JSON.stringify({ host: '127.0.0.1', port, tls: 'none', username: user, password }),
    };
  };
  return {
    names,
    secrets: {
      read: async (name, stage) =>
        stage === 'AWSCURRENT' ? read(name) : { kind: 'missing', reason: 'there is no version before' },
    },
    setUp: (name, up) => {
      const relay = relays.get(name);
      if (relay !== undefined) relay.script = up ? {} : { greeting: 'reset' };
    },
    setSecret: (name, kind) => {
      version += 1;
      secrets.set(name, { kind, versionId: `v${version}` });
    },
    close: async () => {
      await Promise.all([...relays.values()].map((relay) => relay.close()));
    },
  };
}
