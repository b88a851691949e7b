/** RFC 5321 §4.5.3.1.6: octets of a line without its CRLF. */
export const maxLineBytes = 998;

const CR = 0x0d;
const LF = 0x0a;

/** The same bytes when every line ends with CRLF, else a copy in which a lone CR or LF has become one. */
export function withCrlf(message: Buffer): Buffer {
  const terminated = message.length === 0 || message[message.length - 1] === LF;
  if (terminated && !hasLoneEnd(message)) return message;
  const text = message.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1');
}

function hasLoneEnd(message: Buffer): boolean {
  for (let at = message.indexOf(LF); at !== -1; at = message.indexOf(LF, at + 1)) {
    if (message[at - 1] !== CR) return true;
  }
  for (let at = message.indexOf(CR); at !== -1; at = message.indexOf(CR, at + 1)) {
    if (message[at + 1] !== LF) return true;
  }
  return false;
}

/** The first line (from 1) of a CRLF-terminated message that SMTP need not take. */
export function longLine(message: Buffer): { readonly line: number; readonly bytes: number } | undefined {
  let start = 0;
  for (let line = 1; start < message.length; line += 1) {
    const end = message.indexOf(LF, start);
    const bytes = (end === -1 ? message.length : end - 1) - start;
    if (bytes > maxLineBytes) return { line, bytes };
    if (end === -1) return undefined;
    start = end + 1;
  }
  return undefined;
}
