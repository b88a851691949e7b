import { addAbortSignal, Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
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
};

/**
 * Reads one S3 object into memory: never more than `maxBytes`, never beyond `deadline` (ms since the epoch). Never
 * rejects; what is not known to be permanent (throttling, 5xx, network, time) is `retry`.
 */
export async function fetchS3Object(
  client: S3Client,
  clock: Clock,
  location: S3Location,
  limits: { readonly maxBytes: number; readonly deadline: number },
): Promise<FetchedObject> {
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), Math.max(0, limits.deadline - clock.now()));
  try {
    const command = new GetObjectCommand({
      Bucket: location.bucket,
      Key: location.key,
      ...(location.versionId === undefined ? {} : { VersionId: location.versionId }),
    });
    const { Body, ContentLength } = await client.send(command, { abortSignal: aborter.signal });
    if (!(Body instanceof Readable))
      return { ok: false, reason: 'retry', error: new Error('S3 answered without a body') };
    if ((ContentLength ?? 0) > limits.maxBytes) {
      Body.destroy();
      return { ok: false, reason: 'too-large' };
    }
    return await readBounded(addAbortSignal(aborter.signal, Body), limits.maxBytes);
  } catch (error) {
    const rule = error instanceof Error ? permanent[error.name] : undefined;
    return rule === undefined ? { ok: false, reason: 'retry', error } : { ok: false, reason: 'unavailable', rule };
  } finally {
    clearTimeout(timer);
  }
}

async function readBounded(body: Readable, maxBytes: number): Promise<FetchedObject> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const part: Buffer = chunk;
    bytes += part.length;
    if (bytes > maxBytes) return { ok: false, reason: 'too-large' };
    chunks.push(part);
  }
  return { ok: true, bytes: Buffer.concat(chunks, bytes) };
}
