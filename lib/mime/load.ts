import type { ContentSource } from '../intake/mail.ts';
import { type BuildDependencies, type BuildFailure, tooLarge } from './contracts.ts';

/** The bytes of an inline or S3 source, at most `maxBytes`. `field` is the path of what holds the source. */
export async function loadSource(
  field: string,
  source: ContentSource,
  maxBytes: number,
  dependencies: BuildDependencies,
): Promise<{ readonly ok: true; readonly bytes: Buffer } | BuildFailure> {
  if (source.kind === 'inline') return { ok: true, bytes: Buffer.from(source.base64, 'base64') };
  const fetched = await dependencies.fetchObject(source, maxBytes);
  if (fetched.ok) return fetched;
  if (fetched.reason === 'retry') return fetched;
  if (fetched.reason === 'too-large') {
    return tooLarge(`${field}.s3`, `more than ${maxBytes}`, dependencies.maxMessageBytes);
  }
  return { ok: false, reason: 'attachment-unavailable', detail: { field: `${field}.s3`, rule: fetched.rule } };
}
