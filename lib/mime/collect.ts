import type { Readable } from 'node:stream';

/** Reads the stream into one buffer behind `head`, and stops reading as soon as both are larger than `maxBytes`. */
export async function collect(
  head: Buffer,
  stream: Readable,
  maxBytes: number,
): Promise<{ readonly ok: true; readonly message: Buffer } | { readonly ok: false; readonly bytes: number }> {
  const chunks = [head];
  let bytes = head.length;
  for await (const chunk of stream) {
    const part: Buffer = chunk;
    bytes += part.length;
    // Leaving the loop destroys the stream, and with it the sources it reads from.
    if (bytes > maxBytes) return { ok: false, bytes };
    chunks.push(part);
  }
  return { ok: true, message: Buffer.concat(chunks, bytes) };
}
