import { addAbortSignal, Readable } from 'node:stream';
import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { Clock } from '../platform/clock.ts';
import type { FetchedObject, S3Location } from './contracts.ts';

/**
 * Answers of S3 that asking again will not change (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
 * Without the permission to list the bucket, S3 says AccessDenied also for an object that is not there.
 */
const permanent: Readonly<Record<string, string>> = {
  NoSuchKey: 'names an object that does not exist',
  NoSuchBucket: 'names a bucket that does not exist',
  NoSuchVersion: 'names an object version that does not exist',
  MethodNotAllowed: 'names a delete marker instead of an object',
  AccessDenied: 'names an object that Postroom has no permission to read',
  InvalidObjectState: 'names an archived object that must be restored first',
  InvalidBucketName: 'names a bucket that cannot exist (InvalidBucketName)',
  PermanentRedirect: 'names a bucket in another region (PermanentRedirect)',
};

/** Client errors that pass by themselves: throttling, time, our credentials and our clock. Also with `KMS.` before them. */
const passing =
  /Throttl|SlowDown|TooManyRequests|LimitExceeded|Timeout|TooSkewed|Expired|Token|AccessKey|Signature|Internal|Unavailable|^Unknown/;
const passingStatus: readonly number[] = [408, 409, 425, 429];

/** What the mail's field is told when asking again is of no use; undefined otherwise. */
function permanentRule(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const known = permanent[error.name];
  if (known !== undefined || !(error instanceof S3ServiceException)) return known;
  const { httpStatusCode: status = 500 } = error.$metadata;
  if (status < 400 || status >= 500 || passingStatus.includes(status) || passing.test(error.name)) return undefined;
  return `names an object that S3 refuses to hand out (${error.name})`;
}

export interface FetchLimits {
  readonly maxBytes: number;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** Reads the first bytes of a larger object, instead of refusing it. */
  readonly startOnly?: boolean;
}

/**
 * Reads one S3 object into memory: never more than `maxBytes`, never beyond the deadline. Never rejects; a refusal with an
 * S3 error code is `unavailable`, and what may pass (throttling, 5xx, network, time) is `retry`.
 */
export async function fetchS3Object(
  client: S3Client,
  clock: Clock,
  location: S3Location,
  limits: FetchLimits,
): Promise<FetchedObject> {
  const { startOnly = false, maxBytes } = limits;
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), Math.max(0, limits.deadline - clock.now()));
  try {
    const command = new GetObjectCommand({
      Bucket: location.bucket,
      Key: location.key,
      ...(location.versionId === undefined ? {} : { VersionId: location.versionId }),
      ...(startOnly ? { Range: `bytes=0-${maxBytes - 1}` } : {}),
    });
    const { Body, ContentLength } = await client.send(command, { abortSignal: aborter.signal });
    if (!(Body instanceof Readable))
      return { ok: false, reason: 'retry', error: new Error('S3 answered without a body') };
    if (!startOnly && (ContentLength ?? 0) > maxBytes) {
      Body.destroy();
      return { ok: false, reason: 'too-large' };
    }
    return await readBounded(addAbortSignal(aborter.signal, Body), maxBytes, startOnly);
  } catch (error) {
    const rule = permanentRule(error);
    return rule === undefined ? { ok: false, reason: 'retry', error } : { ok: false, reason: 'unavailable', rule };
  } finally {
    clearTimeout(timer);
  }
}

/** An endpoint that ignores ranges gives the whole object: its rest is left unread. */
async function readBounded(body: Readable, maxBytes: number, startOnly: boolean): Promise<FetchedObject> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const part: Buffer = chunk;
    bytes += part.length;
    if (bytes > maxBytes && !startOnly) return { ok: false, reason: 'too-large' };
    chunks.push(part);
    if (bytes >= maxBytes && startOnly) break;
  }
  return { ok: true, bytes: Buffer.concat(chunks, Math.min(bytes, maxBytes)) };
}
