import * as v from 'valibot';
import type { FieldError } from './dead-letter.ts';
import {
  isCertificatePem,
  isDnsName,
  isEhloName,
  isHost,
  isKeyOfCertificate,
  isPrivateKeyPem,
  isTokenUrl,
  placeholdersIn,
} from './relay-secret-checks.ts';

const text = v.pipe(v.string('must be a string'), v.minLength(1, 'must not be empty'));
/** CR and LF would start another SMTP command, NUL another field of AUTH PLAIN (RFC 4616). */
const loginText = v.pipe(
  text,
  v.check((value) => !/[\r\n\0]/.test(value), 'must hold no CR, LF or NUL'),
);
/** XOAUTH2 separates its fields with the control character 0x01. */
const tokenUser = v.pipe(
  text,
  v.check((value) => !/\p{Cc}/u.test(value), 'must hold no control characters'),
);
const certificates = v.pipe(
  text,
  v.check(isCertificatePem, 'must be certificates in PEM form, with their line breaks'),
);

const portRule = 'must be a number from 1 to 65535';
/** A decimal string too: the key/value editor of the Secrets Manager console writes nothing but strings. */
const port = v.pipe(
  v.union([v.number(portRule), v.pipe(v.string(portRule), v.digits(portRule), v.transform(Number))], portRule),
  v.integer(portRule),
  v.minValue(1, portRule),
  v.maxValue(65_535, portRule),
);

const object = (issue: { readonly expected: string | null }): string => {
  if (issue.expected === 'never') return 'is not a known field';
  return issue.expected === 'Object' ? 'must be an object' : 'is required';
};

const oauth2 = v.strictObject(
  {
    tokenUrl: v.pipe(text, v.check(isTokenUrl, 'must be an https URL without user, password and fragment')),
    clientId: loginText,
    clientSecret: loginText,
    scope: v.optional(loginText),
    user: tokenUser,
  },
  object,
);

const relaySecret = v.strictObject(
  {
    host: v.pipe(text, v.check(isHost, 'must be a DNS name or an IP address, without port, spaces or brackets')),
    port,
    username: v.optional(loginText),
    password: v.optional(loginText),
    oauth2: v.optional(oauth2),
    tls: v.picklist(['implicit', 'starttls', 'none'], 'must be "implicit", "starttls" or "none"'),
    authMethod: v.optional(v.picklist(['PLAIN', 'LOGIN', 'CRAM-MD5'], 'must be "PLAIN", "LOGIN" or "CRAM-MD5"')),
    ca: v.optional(certificates),
    servername: v.optional(v.pipe(text, v.check(isDnsName, 'must be a DNS name'))),
    clientCert: v.optional(certificates),
    clientKey: v.optional(v.pipe(text, v.check(isPrivateKeyPem, 'must be an unencrypted private key in PEM form'))),
    ehloName: v.optional(
      v.pipe(text, v.check(isEhloName, 'must be a DNS name or an address literal such as [192.0.2.1]')),
    ),
  },
  object,
);

export type RelaySecret = v.InferOutput<typeof relaySecret>;

/** Rules that need more than one field. */
const crossRules: readonly (FieldError & {
  readonly broken: (secret: RelaySecret, allowPlaintext: boolean) => boolean;
})[] = [
  { field: 'password', rule: 'is required with username', broken: (s) => has(s.username) && !has(s.password) },
  { field: 'username', rule: 'is required with password', broken: (s) => has(s.password) && !has(s.username) },
  {
    field: 'oauth2',
    rule: 'excludes username and password',
    broken: (s) => has(s.oauth2) && has(s.username ?? s.password),
  },
  { field: 'authMethod', rule: 'needs username and password', broken: (s) => has(s.authMethod) && !has(s.username) },
  { field: 'clientKey', rule: 'is required with clientCert', broken: (s) => has(s.clientCert) && !has(s.clientKey) },
  { field: 'clientCert', rule: 'is required with clientKey', broken: (s) => has(s.clientKey) && !has(s.clientCert) },
  {
    field: 'clientKey',
    rule: 'does not belong to clientCert',
    broken: (s) => has(s.clientCert) && has(s.clientKey) && !isKeyOfCertificate(s.clientCert, s.clientKey),
  },
  {
    field: 'tls',
    rule: 'may be "none" only when the stage config sets allowPlaintext for this relay',
    broken: (s, allowPlaintext) => s.tls === 'none' && !allowPlaintext,
  },
];

export type RelaySecretResult =
  | { readonly ok: true; readonly secret: RelaySecret }
  /** `reason` is one sentence for people. Neither it nor `errors` ever holds a value of the secret. */
  | {
      readonly ok: false;
      readonly placeholder: boolean;
      readonly errors: readonly FieldError[];
      readonly reason: string;
    };

/**
 * Reads the text of a relay's secret (contract "Relay secret" of the architecture document). Never throws.
 *
 * @param allowPlaintext what the stage config says for this relay
 */
export function parseRelaySecret(secretText: string, allowPlaintext: boolean): RelaySecretResult {
  const input = parseJson(secretText);
  const placeholders = placeholdersIn(input === undefined ? secretText : input);
  if (placeholders.length > 0)
    return refused(
      true,
      placeholders.map((field) => ({ field, rule: 'is a placeholder' })),
    );
  if (input === undefined) return refused(false, [{ field: '', rule: 'is not JSON' }]);
  const parsed = v.safeParse(relaySecret, input, { message: 'is not valid' });
  if (!parsed.success) return refused(false, parsed.issues.map(toFieldError));
  const broken = crossRules.filter((rule) => rule.broken(parsed.output, allowPlaintext));
  if (broken.length > 0)
    return refused(
      false,
      broken.map(({ field, rule }) => ({ field, rule })),
    );
  return { ok: true, secret: parsed.output };
}

function refused(placeholder: boolean, errors: readonly FieldError[]): RelaySecretResult {
  const list = errors.map(({ field, rule }) => (field === '' ? `it ${rule}` : `${field} ${rule}`)).join('; ');
  return {
    ok: false,
    placeholder,
    errors,
    reason: `the secret is ${placeholder ? 'not filled in' : 'not valid'}: ${list}`,
  };
}

function toFieldError(issue: v.BaseIssue<unknown>): FieldError {
  // Unknown field names are people's typing: bounded, so that a value pasted in the wrong place is not repeated at length.
  return { field: (v.getDotPath(issue) ?? '').slice(0, 64), rule: issue.message };
}

function parseJson(secretText: string): unknown {
  try {
    return JSON.parse(secretText);
  } catch {
    // Not kept: the error quotes the text.
    return undefined;
  }
}

function has<T>(value: T | undefined): value is T {
  return value !== undefined;
}
