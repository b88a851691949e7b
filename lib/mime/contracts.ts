import type { FieldError } from '../contracts/dead-letter.ts';
import type { ContentSource } from '../intake/mail.ts';

export type BuiltMessage = { readonly ok: true; readonly message: Buffer } | BuildFailure;

export type BuildFailure =
  | {
      readonly ok: false;
      readonly reason: 'attachment-unavailable' | 'malformed' | 'not-allowed';
      readonly detail: FieldError;
    }
  /** Nothing is known to be wrong with the mail: try again later. */
  | { readonly ok: false; readonly reason: 'retry'; readonly error: unknown };

export type S3Location = Extract<ContentSource, { kind: 's3' }>;

/** An S3 object's bytes, or why there are none. `unavailable` will not change by asking again. */
export type FetchedObject =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly reason: 'unavailable'; readonly rule: string }
  | { readonly ok: false; readonly reason: 'too-large' }
  | { readonly ok: false; readonly reason: 'retry'; readonly error: unknown };

export interface BuildDependencies {
  /** Never rejects, and holds no more than `maxBytes`. */
  fetchObject(location: S3Location, maxBytes: number): Promise<FetchedObject>;
  /** Milliseconds since the epoch for the Date header: when the mail was first seen, so that repeats are identical. */
  readonly date: number;
  readonly maxMessageBytes: number;
  /** Checked for raw messages from S3, which intake could not see. Empty: every domain is allowed. */
  readonly allowedFromDomains: readonly string[];
}

export function malformed(field: string, rule: string): BuildFailure {
  return { ok: false, reason: 'malformed', detail: { field, rule } };
}

export function tooLarge(field: string, bytes: string, maxBytes: number): BuildFailure {
  return malformed(field, `makes a message of ${bytes} bytes, more than the ${maxBytes} allowed`);
}
