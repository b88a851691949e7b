import { Writable } from 'node:stream';
import type MimeNode from 'nodemailer/lib/mime-node';

type Collected = { readonly ok: true; readonly message: Buffer } | { readonly ok: false; readonly bytes: number };

const lineEnd = Buffer.from('\r\n');

/**
 * Writes the MIME tree into one buffer behind `head`, and stops as soon as both are larger than `maxBytes`. nodemailer
 * writes into it directly: the chain of streams that it would offer for reading costs more than the composing.
 */
export function collect(head: Buffer, node: MimeNode, maxBytes: number): Promise<Collected> {
  return new Promise((resolve, reject) => {
    const sink = new Sink(head, maxBytes);
    node.stream(sink, {}, (error) => {
      if (sink.bytes > maxBytes) resolve({ ok: false, bytes: sink.bytes });
      else if (error) reject(error);
      else resolve({ ok: true, message: sink.message() });
    });
  });
}

class Sink extends Writable {
  readonly #chunks: Buffer[];
  readonly #maxBytes: number;
  bytes: number;

  constructor(head: Buffer, maxBytes: number) {
    super();
    this.#chunks = [head];
    this.bytes = head.length;
    this.#maxBytes = maxBytes;
  }

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
    // Destroyed, it makes nodemailer stop reading its sources.
    if (this.bytes > this.#maxBytes) this.destroy();
    taken();
  }

  /** Ends with a line end, as every message does (RFC 5322 §2.3). */
  message(): Buffer {
    const endsLine = this.#chunks.at(-1)?.at(-1) === 0x0a;
    return Buffer.concat(endsLine ? this.#chunks : [...this.#chunks, lineEnd]);
  }
}
