import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** A DNS name in ASCII (A-label) form, without a trailing dot. Its last label is never a number (RFC 3696 §2). */
export function isDnsName(text: string): boolean {
  const labels = text.split('.');
  return text.length <= 253 && labels.every((part) => label.test(part)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

export function isHost(text: string): boolean {
  return isIP(text) !== 0 || isDnsName(text);
}

/** What EHLO may carry: a domain or an address literal (RFC 5321 §4.1.3). */
export function isEhloName(text: string): boolean {
  const literal = /^\[(?:IPv6:)?(.+)\]$/i.exec(text)?.[1];
  return literal === undefined ? isDnsName(text) : isIP(literal) !== 0;
}

/** HTTPS, or HTTP to this very machine; nothing in the URL that would be a secret or is never sent. */
export function isTokenUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const scheme = url.protocol === 'https:' || (url.protocol === 'http:' && loopback);
  return scheme && url.username === '' && url.password === '' && url.hash === '';
}

/** One or more PEM certificates; comments between them, as CA bundles have them, are fine. */
export function isCertificatePem(text: string): boolean {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const whole = blocks.length === (text.match(/-----BEGIN /g) ?? []).length;
  return blocks.length > 0 && whole && blocks.every((block) => succeeds(() => new X509Certificate(block)));
}

/** An unencrypted PEM private key: the contract has no passphrase. */
export function isPrivateKeyPem(text: string): boolean {
  return text.trimStart().startsWith('-----BEGIN ') && succeeds(() => createPrivateKey(text));
}

export function isKeyOfCertificate(certificate: string, key: string): boolean {
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}

/** What people and templates write where a real value will stand one day. */
const placeholderText =
  /^(?:(?:change|replace|fill)[-_ ]?(?:me|this|in)|place[-_ ]?holder|to[-_ ]?do|tbd|fixme|x{3,}|<[a-z][a-z _-]*>|\.{3}|…)$/i;

/**
 * Field paths of an unfilled secret: values that stand for a value. An empty object (or nothing at all) is a placeholder
 * as a whole, told by an empty path.
 */
export function placeholdersIn(input: unknown, path = ''): readonly string[] {
  if (typeof input === 'string') return input.trim() === '' || placeholderText.test(input.trim()) ? [path] : [];
  if (input === null) return path === '' ? [path] : [];
  if (typeof input !== 'object' || Array.isArray(input)) return [];
  const entries = Object.entries(input);
  if (entries.length === 0) return [path];
  return entries.flatMap(([name, value]) => placeholdersIn(value, path === '' ? name : `${path}.${name}`));
}

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    // The error is not kept: OpenSSL's texts quote what they could not read.
    return false;
  }
}
