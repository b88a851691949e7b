import { parseRelaySecret, type RelaySecret } from '../../lib/contracts/relay-secret.ts';
import { UsageError } from '../../ops/shared/command.ts';

/** A relay that the local run uses instead of the embedded ones. */
export interface ExternalRelay {
  readonly name: string;
  readonly secret: RelaySecret;
}

const form = 'NAME=smtp://user:pass@host:port?tls=none|starttls|implicit';
const defaultPorts = { none: 25, starttls: 587, implicit: 465 } as const;

/**
 * Reads one `--relay`. `tls` is `starttls` unless given, the port follows from it. User and password are percent-encoded,
 * as in every URL. Errors never repeat the URL, which may hold a password.
 */
export function parseRelayUrl(argument: string): ExternalRelay {
  const equals = argument.indexOf('=');
  const name = argument.slice(0, Math.max(equals, 0));
  if (!/^[a-z][a-z0-9-]{0,29}$/.test(name)) {
    throw new UsageError(`--relay: begins with a name of a-z, 0-9 and -, 30 characters at most, and then "=": ${form}`);
  }
  const refuse = (problem: string): UsageError => new UsageError(`--relay ${name}: ${problem}. Expected ${form}`);
  const url = parseUrl(argument.slice(equals + 1));
  if (url === undefined) throw refuse('that is not a URL');
  if (url.protocol !== 'smtp:') throw refuse(`the scheme is "${url.protocol}//", not "smtp://"`);
  if (url.hostname === '') throw refuse('the host is missing');
  if (!['', '/'].includes(url.pathname) || url.hash !== '') throw refuse('nothing may follow the port but ?tls=');
  const stray = [...url.searchParams.keys()].find((key) => key !== 'tls');
  if (stray !== undefined) throw refuse(`"${stray}" is not known; only tls is`);

  const tls = url.searchParams.get('tls') ?? 'starttls';
  if (tls !== 'none' && tls !== 'starttls' && tls !== 'implicit') {
    throw refuse(`tls is "${tls}"; allowed: none, starttls, implicit`);
  }
  const candidate = {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? defaultPorts[tls] : Number(url.port),
    tls,
    ...credentialsOf(url, refuse),
  };
  const checked = parseRelaySecret(JSON.stringify(candidate), true);
  if (!checked.ok) throw refuse(checked.errors.map(({ field, rule }) => `${field} ${rule}`).join('; '));
  return { name, secret: checked.secret };
}

function credentialsOf(url: URL, refuse: (problem: string) => UsageError) {
  if (url.username === '' && url.password === '') return {};
  try {
    return { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    throw refuse('user and password must be percent-encoded (a % is written %25)');
  }
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** All `--relay` arguments; a name may stand only once. */
export function parseRelayUrls(values: readonly string[]): readonly ExternalRelay[] {
  const relays = values.map(parseRelayUrl);
  const repeated = relays.find(({ name }, index) => relays.findIndex((other) => other.name === name) !== index);
  if (repeated !== undefined) throw new UsageError(`--relay ${repeated.name}: given twice; names must differ`);
  return relays;
}
