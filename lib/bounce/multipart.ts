import { hash } from 'node:crypto';
import { encode, wrap } from 'nodemailer/lib/qp';
import { longLine } from '../mime/raw-lines.ts';
import { field } from './fields.ts';

/** One part: its header fields and its body, both ready to be sent. */
export type Part = Buffer;

/**
 * A part of a report. Content that is ASCII goes as it is; anything else, and lines that SMTP would not take, as
 * quoted-printable, so that no relay needs 8BITMIME (RFC 6533 §6 prefers 8bit for its message/global types, and allows
 * this where a relay may be seven-bit).
 */
export function part(description: string, type: string, content: Buffer): Part {
  // Of NUL, which no message may hold, the same is true as of a byte that is not ASCII.
  const ascii = content.every((byte) => byte > 0 && byte < 0x80);
  const plain = ascii && longLine(content) === undefined;
  // RFC 2046 §4.1.2 and RFC 6533: only text/plain takes the parameter here.
  const charset = type === 'text/plain' ? `; charset=${ascii ? 'us-ascii' : 'utf-8'}` : '';
  const head = [
    field('Content-Description', description),
    field('Content-Type', `${type}${charset}`),
    field('Content-Transfer-Encoding', plain ? '7bit' : 'quoted-printable'),
  ];
  return Buffer.concat([
    Buffer.from(`${head.join('')}\r\n`),
    plain ? content : Buffer.from(wrap(encode(content)), 'latin1'),
  ]);
}

/**
 * `multipart/report` (RFC 6522). The boundary depends on what it separates: a part that was written by somebody else
 * cannot hold it.
 */
export function multipart(
  reportType: string,
  parts: readonly Part[],
): { readonly contentType: string; readonly body: Buffer } {
  const boundary = `report-${hash('sha256', Buffer.concat(parts), 'hex').slice(0, 32)}`;
  const body = parts.flatMap((one) => [Buffer.from(`--${boundary}\r\n`), one, Buffer.from('\r\n')]);
  return {
    contentType: `Content-Type: multipart/report; report-type=${reportType};\r\n boundary="${boundary}"\r\n`,
    body: Buffer.concat([...body, Buffer.from(`--${boundary}--\r\n`)]),
  };
}
