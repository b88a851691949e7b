import type { Readable } from 'node:stream';

type Collected = { readonly ok: true; readonly message: Buffer } | { readonly ok: false; readonly bytes: number };

/**
 * Reads the stream into one buffer behind `head`, and stops reading as soon as both are larger than `maxBytes`. By events:
 * iterating costs a promise for every chunk, and a mail has dozens of small ones.
 */
export function collect(head: Buffer, stream: Readable, maxBytes: number): Promise<Collected> {
  return new Promise((resolve, reject) => {
    const chunks = [head];
    let bytes = head.length;
    stream.on('data', (part: Buffer) => {
      bytes += part.length;
      chunks.push(part);
      if (bytes <= maxBytes) return;
      resolve({ ok: false, bytes });
      // And with it the sources that it reads from.
      stream.destroy();
    });
    stream.once('end', () => resolve({ ok: true, message: Buffer.concat(chunks, bytes) }));
    stream.on('error', reject);
    stream.once('close', () => reject(new Error('the message ended early')));
  });
}
