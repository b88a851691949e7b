import pc from 'picocolors';
import { failureText, type Measurement, measureRelay } from '../../lib/probe/measure.ts';
import { createCredentials } from '../../lib/relays/credentials.ts';
import { fetchToken } from '../../lib/relays/oauth2.ts';
import { createSecretReader } from '../../lib/relays/secret-reader.ts';
import type { RelayConnectionSettings } from '../../lib/smtp/transport.ts';
import { printable } from '../dlq/words.ts';
import { CommandError } from '../shared/command.ts';
import type { Session } from './session.ts';
import { describePhases } from './show.ts';

/** Whoever asked waits for the answer: longer than the probe function would. */
const patienceMs = 30_000;

/** One session from this machine, as a mail would open it. Exit code 1: the relay would not take a mail. */
export async function probe(session: Session): Promise<number> {
  const { options, clock, print, note } = session;
  const { relay, json } = options;
  const settings = await settingsOf(session);
  const { auth, ...withoutLogin } = settings;
  // From here a password in the clear would cross networks that the stage never meant it for.
  const inTheClear = settings.tls === 'none';
  const login = options.login && auth !== undefined && !inTheClear;
  const measured = await measureRelay({
    settings: login ? settings : withoutLogin,
    clock,
    deadline: clock.now() + patienceMs,
  });
  if (json) print(JSON.stringify({ relay, login, ...summary(measured) }));
  else print(describe(relay, settings, login, measured));
  if (!json && auth !== undefined && inTheClear) note('Nobody logged in: this relay is spoken to without TLS.');
  return measured.failure === undefined ? 0 : 1;
}

async function settingsOf({ target, relays, clock, options: { relay } }: Session): Promise<RelayConnectionSettings> {
  const secretId = relays.get(relay) ?? '';
  const credentials = createCredentials({
    secrets: createSecretReader(target.secretsManager),
    relays: { [relay]: { secretId, allowPlaintext: true, maxSessions: 1 } },
    clock,
    random: Math.random,
    fetchToken,
  });
  const result = await credentials.get(relay, clock.now() + patienceMs);
  if (result.ok) return result.settings;
  throw new CommandError(`${relay} cannot be probed: ${printable(failureText(result.failure))} (${secretId})`);
}

function summary({ phasesMs, latencyMs, failure }: Measurement): object {
  return { ok: failure === undefined, phasesMs, latencyMs, ...(failure && { error: failureText(failure) }) };
}

function describe(
  relay: string,
  { host, port, tls }: RelayConnectionSettings,
  login: boolean,
  { phasesMs, failure }: Measurement,
): string {
  const verdict =
    failure === undefined
      ? pc.green(`would take a mail${login ? '' : ' (nobody logged in)'}`)
      : pc.red(`failed in ${printable(failureText(failure))}`);
  return [`${pc.bold(relay)} (${host}:${port}, ${tls}): ${verdict}`, describePhases(phasesMs)].join('\n');
}
