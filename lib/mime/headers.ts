import { foldLines } from 'nodemailer/lib/mime-funcs';
import MimeNode from 'nodemailer/lib/mime-node';
import type { ComposedFields } from '../intake/mail.ts';

/**
 * The publisher's own header fields, folded, each with its CRLF. nodemailer would encode any value with a quote in it
 * (RFC 2047), which breaks structured fields such as `List-Id: "News" <news.example.com>`; ASCII values stay as they are.
 */
export function customHeaders(headers: ComposedFields['headers']): string {
  return headers.map(({ name, value }) => `${foldLines(`${name}: ${encode(value)}`, 76)}\r\n`).join('');
}

function encode(value: string): string {
  return /^[ -~]*$/.test(value) ? value : MimeNode.encodeHeaderValue('Comments', value);
}
