import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import addressparser from 'nodemailer/lib/addressparser';

/** A mailbox that can be used as it stands, or the rule that its text breaks. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly rule: string };

/** RFC 5321 §4.5.3.1: octets of the local part, and of the path without its angle brackets. */
const maxLocalOctets = 64;
const maxAddressOctets = 254;

const atext = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~\\u00a0-\\u{10ffff}]";
const dotAtom = new RegExp(`^${atext}+(?:\\.${atext}+)*$`, 'u');
const quotedString = /^"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*"$/u;
const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Parses `local@domain` (RFC 5321 §4.1.2, with RFC 6531's non-ASCII characters) and normalises it: the domain becomes
 * lower-case A-labels, the local part stays untouched, quotes included.
 */
export function parseAddress(text: string): Parsed<string> {
  if (unsafe.test(text)) return refuse('must not contain control characters or line separators');
  const at = separator(text);
  if (at < 1) return refuse('must be an address with a domain, such as "ada@example.org"');
  const local = text.slice(0, at);
  if (!dotAtom.test(local) && !quotedString.test(local)) {
    return refuse('must have a valid local part; one with blanks, "@" or two dots in a row needs quotes');
  }
  if (Buffer.byteLength(local) > maxLocalOctets)
    return refuse(`must not have a local part over ${maxLocalOctets} bytes`);
  const domain = normaliseDomain(text.slice(at + 1));
  if (domain === undefined) return refuse('must have a valid domain');
  const address = `${local}@${domain}`;
  if (Buffer.byteLength(address) > maxAddressOctets) return refuse(`must not be longer than ${maxAddressOctets} bytes`);
  return { ok: true, value: address };
}

/** The "@" before the domain; a literal and a quoted local part may hold others. */
function separator(text: string): number {
  return text.endsWith(']') ? text.lastIndexOf('@[') : text.lastIndexOf('@');
}

/** Parses `local@domain`, `<local@domain>` or `Name <local@domain>` (RFC 5322 §3.4): one mailbox, and nothing else. */
export function parseMailbox(text: string): Parsed<{ readonly name: string; readonly address: string }> {
  const trimmed = text.trim();
  if (!trimmed.endsWith('>')) return withName('', parseAddress(trimmed));
  if (unsafe.test(trimmed)) return refuse('must not contain control characters or line separators');
  const [mailbox, another] = addressparser(trimmed);
  const single = mailbox?.address !== undefined && another === undefined;
  if (!single || !trimmed.endsWith(`<${mailbox.address}>`)) {
    return refuse(
      'must be one address, such as "ada@example.org" or "Ada <ada@example.org>"; a name with ":" needs quotes',
    );
  }
  return withName(mailbox.name, parseAddress(mailbox.address));
}

function withName(name: string, address: Parsed<string>): Parsed<{ readonly name: string; readonly address: string }> {
  if (!address.ok) return address;
  if (name.length > 400) return refuse('must not have a name of more than 400 characters');
  return { ok: true, value: { name, address: address.value } };
}

/** Domain in lower-case A-label form (RFC 5890), or an address literal (RFC 5321 §4.1.3); undefined when it is neither. */
export function normaliseDomain(domain: string): string | undefined {
  if (domain.startsWith('[')) return normaliseLiteral(domain);
  // Characters that the URL parser behind domainToASCII would decode or cut off ("%61", "/", ":").
  if (!/^[\p{L}\p{M}\p{N}\p{Cf}.\-\u3002\uff0e\uff61\u00b7\u30fb]+$/u.test(domain)) return undefined;
  const plain = /^[A-Za-z0-9.-]+$/.test(domain) && !/xn--/i.test(domain);
  // An empty result is no domain; one of digits only is an IPv4 address in disguise.
  const ascii = plain ? domain.toLowerCase() : domainToASCII(domain);
  if (ascii.length > 253 || /(?:^|\.)\d+$/.test(ascii)) return undefined;
  return ascii.split('.').every((label) => hostLabel.test(label)) ? ascii : undefined;
}

const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function normaliseLiteral(literal: string): string | undefined {
  const content = /^\[(?:(IPv6:)([\da-f:.]+)|([\d.]+))\]$/i.exec(literal);
  if (content?.[2] !== undefined && isIPv6(content[2])) return `[IPv6:${content[2].toLowerCase()}]`;
  return content?.[3] !== undefined && isIPv4(content[3]) ? literal : undefined;
}

/** Domain of a normalised address; of an address literal the literal. */
export function domainOf(address: string): string {
  return address.slice(separator(address) + 1);
}

function refuse(rule: string): { readonly ok: false; readonly rule: string } {
  return { ok: false, rule };
}
