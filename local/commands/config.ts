import { readFile } from 'node:fs/promises';
import { readStageConfig, type StageConfig } from '../../lib/contracts/stage-config.ts';
import { CommandError } from '../../ops/shared/command.ts';
import type { ExternalRelay } from './relay-url.ts';

/** Reads a stage file, or says why that cannot be done. Rules that it breaks are thrown as StageConfigError. */
export async function loadConfig(path: string): Promise<StageConfig> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`The stage config ${path} cannot be read: ${error.message}`, 2, { cause: error });
  });
  return readStageConfig(parse(text, path));
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(`The stage config ${path} is not JSON: ${String(error)}`, 2, { cause: error });
  }
}

/** The same stage with other relays, each as large as the largest it had, so that its own rules still hold. */
export function withRelays(config: StageConfig, relays: readonly ExternalRelay[]): StageConfig {
  const before = Object.values(config.relays);
  const maxConnections = Math.max(...before.map((relay) => relay.maxConnections));
  const maxRecipients = Math.max(...before.map((relay) => relay.maxRecipients));
  const entries = relays.map(({ name, secret }) => [
    name,
    { weight: 1, tier: 0, maxConnections, maxRecipients, allowPlaintext: secret.tls === 'none' },
  ]);
  return readStageConfig({ ...config, relays: Object.fromEntries(entries) });
}

/** An address that the stage lets send: for commands that were given none. */
export function defaultSender(config: StageConfig): string {
  return `postroom@${config.allowedFromDomains[0] ?? 'example.com'}`;
}
