import addressparser from 'nodemailer/lib/addressparser';
import { domainOf, normaliseDomain, type Parsed, parseAddress } from '../intake/addresses.ts';
import { longLine, maxLineBytes, withCrlf } from './raw-lines.ts';

/** A field of the header section: its name in lower case, and where its lines stand, the last CRLF included. */
export interface RawField {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** A header section; lines end with CRLF. */
export interface RawHead {
  readonly bytes: Buffer;
  readonly fields: readonly RawField[];
}

/** A complete RFC 5322 message that can be sent as it is: lines end with CRLF and are not too long, one From field. */
export interface RawMessage extends RawHead {
  /** Normalised addresses of the From field; at least one. */
  readonly from: readonly string[];
}

/** Longer header sections are refused by every big receiver. */
const maxHeaderBytes = 1024 * 1024;

/** Reads the header section. Only line ends are ever changed, and only where they are not CRLF. */
export function parseRawMessage(content: Buffer): Parsed<RawMessage> {
  if (content.includes(0)) return refuse('must not contain NUL bytes');
  const bytes = withCrlf(content);
  const long = longLine(bytes);
  if (long !== undefined) {
    return refuse(
      `must not have lines over ${maxLineBytes} bytes (RFC 5321 §4.5.3.1.6), line ${long.line} has ${long.bytes}`,
    );
  }
  const fields = parseFields(bytes);
  if (!fields.ok) return fields;
  const from = fieldsNamed(fields.value, 'from');
  if (from.length !== 1) return refuse(`must have exactly one From header, has ${from.length}`);
  const addresses = addressesIn(bytes, from);
  if (!addresses.ok) return refuse(`must have a valid From header: ${addresses.rule}`);
  if (addresses.value.length === 0) return refuse('must have an address in its From header');
  if (namesOtherDomain(from.map((field) => fieldBody(bytes, field)).join(), addresses.value)) {
    return refuse('must not name a domain in its From header beside those of its addresses');
  }
  return { ok: true, value: { bytes, fields: fields.value, from: addresses.value } };
}

/** The header section of a message without its body, whatever rules it breaks: lines that are no field belong to none. */
export function readHead(content: Buffer): RawHead {
  const whole = withCrlf(content);
  const bytes = Buffer.from(whole.subarray(0, headEnd(whole)));
  return { bytes, fields: scanFields(bytes).fields };
}

/** Normalised addresses of To, Cc and Bcc, in that order. */
export function rawRecipients(message: RawMessage): Parsed<readonly string[]> {
  const all: string[] = [];
  for (const name of ['to', 'cc', 'bcc']) {
    const addresses = addressesIn(message.bytes, fieldsNamed(message.fields, name));
    if (!addresses.ok) return refuse(`has an address in its ${name} header that ${addresses.rule}`);
    all.push(...addresses.value);
  }
  return { ok: true, value: all };
}

export function fieldsNamed(fields: readonly RawField[], name: string): readonly RawField[] {
  return fields.filter((field) => field.name === name);
}

function parseFields(bytes: Buffer): Parsed<readonly RawField[]> {
  const end = headEnd(bytes);
  if (end > maxHeaderBytes) return refuse(`must not have more than ${maxHeaderBytes} bytes of headers`);
  const { fields, strayLines } = scanFields(bytes.subarray(0, end));
  if (strayLines) return refuse('must begin with header fields (RFC 5322 §2.2), up to an empty line');
  return { ok: true, value: fields };
}

/** Where the empty line begins that ends the header section. */
function headEnd(bytes: Buffer): number {
  const blank = bytes.indexOf('\r\n\r\n');
  return blank === -1 ? bytes.length : blank + 2;
}

function scanFields(bytes: Buffer): { readonly fields: readonly RawField[]; readonly strayLines: boolean } {
  const head = bytes.toString('latin1');
  const fields: { name: string; start: number; end: number }[] = [];
  let strayLines = false;
  for (let start = 0; start < head.length; ) {
    const next = head.indexOf('\r\n', start) + 2;
    const open = fields.at(-1);
    const name = /^([!-9;-~]+)[ \t]*:/.exec(head.slice(start, next))?.[1];
    if (name !== undefined) fields.push({ name: name.toLowerCase(), start, end: next });
    else if (open?.end === start && /[ \t]/.test(head.charAt(start))) open.end = next;
    else strayLines = true;
    start = next;
  }
  return { fields, strayLines };
}

function addressesIn(bytes: Buffer, fields: readonly RawField[]): Parsed<string[]> {
  const all: string[] = [];
  for (const field of fields) {
    for (const { name, address } of addressparser(fieldBody(bytes, field), { flatten: true })) {
      if (address === '' && name === '') continue;
      const parsed = parseAddress(address);
      if (!parsed.ok) return parsed;
      all.push(parsed.value);
    }
  }
  return { ok: true, value: all };
}

function fieldBody(bytes: Buffer, field: RawField): string {
  const text = bytes.toString('utf8', field.start, field.end);
  return text.slice(text.indexOf(':') + 1).replace(/\r\n/g, '');
}

/**
 * Whether a From value that is no proper mailbox list hides the domain of another sender from the parser, but not from the
 * programs that will show it. Quoted strings and comments are names, and may say anything.
 */
function namesOtherDomain(value: string, addresses: readonly string[]): boolean {
  const allowed = new Set(addresses.map(domainOf));
  const plain = value.replace(/"(?:[^"\\]|\\.)*"/g, '').replace(/\((?:[^()\\]|\\.)*\)/g, ' ');
  return Array.from(plain.matchAll(/@\s*(\[[^\]]*\]|[^\s<>()[\]:;,"@\\]*)/g), ([, domain = '']) =>
    normaliseDomain(domain),
  ).some((domain) => domain === undefined || !allowed.has(domain));
}

function refuse(rule: string): { readonly ok: false; readonly rule: string } {
  return { ok: false, rule };
}
