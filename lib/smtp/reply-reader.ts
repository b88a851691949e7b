import type { SmtpReply } from '../outcome/outcome.ts';
import { parseReply } from '../outcome/reply.ts';

/** A complete reply with its lines as they came (joined by `\n`), or why the bytes are none. */
export type Received =
  | { readonly reply: SmtpReply; readonly raw: string; readonly invalid?: never }
  | { readonly invalid: string; readonly reply?: never };

/** RFC 5321 §4.5.3.1.5 allows 512 bytes a line; the longest real EHLO replies have about 1 KiB in all. */
const maxReplyLength = 64 * 1024;
const continued = /^\d{3}-/;

/**
 * Cuts what a server sends into replies. Stands beside nodemailer's own reader, which skips empty lines, hands garbage on
 * as if it were a refusal, and loses the replies it had queued when the connection closes behind them.
 */
export class ReplyReader {
  #rest = '';
  #lines: string[] = [];
  #length = 0;

  /** The replies that `chunk` completes, in order. After an invalid one nothing more is to be expected. */
  push(chunk: Buffer): readonly Received[] {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    const received: Received[] = [];
    for (const line of lines) {
      const complete = this.#take(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (complete !== undefined) received.push(complete);
    }
    if (this.#length + this.#rest.length > maxReplyLength) {
      received.push({ invalid: `a reply longer than ${maxReplyLength} bytes` });
    }
    return received;
  }

  /** True when the server has begun a reply and not ended it. */
  get halfway(): boolean {
    return this.#rest !== '' || this.#lines.length > 0;
  }

  #take(line: string): Received | undefined {
    this.#lines.push(line);
    this.#length += line.length;
    if (continued.test(line)) return undefined;
    const raw = decoded(this.#lines.join('\n'));
    this.#lines = [];
    this.#length = 0;
    const reply = parseReply(raw);
    if (reply !== undefined) return { reply, raw };
    return { invalid: line === '' ? 'an empty line instead of a reply' : 'a line that is no SMTP reply' };
  }
}

/** Reply texts have no declared charset (RFC 5321 §4.2.1): UTF-8 where the bytes are, else byte by byte. */
function decoded(bytes: string): string {
  const utf8 = Buffer.from(bytes, 'latin1').toString('utf8');
  return utf8.includes('\uFFFD') ? bytes : utf8;
}
