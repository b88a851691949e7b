import type { Mail } from '../intake/mail.ts';
import { buildMessage } from './build.ts';
import type { BuildDependencies, BuiltMessage, FetchedObject, S3Location } from './contracts.ts';
import { type RawHead, readHead } from './raw-message.ts';

/** Of a message in S3 no more is read: enough for every header section that a mail system writes. */
const headBytes = 256 * 1024;

export type MailHead =
  | { readonly ok: true; readonly head: RawHead }
  /** `unavailable` will not change by asking again. */
  | { readonly ok: false; readonly reason: 'unavailable' }
  | { readonly ok: false; readonly reason: 'retry'; readonly error: unknown };

export interface HeadDependencies extends Pick<BuildDependencies, 'date'> {
  /** The first bytes of an object, at most that many. Never rejects. */
  fetchStart(location: S3Location, bytes: number): Promise<FetchedObject>;
}

/**
 * The header section of a mail as it is sent; of one that breaks a rule and is never sent, as its publisher wrote it.
 * Fetches no attachment. Never rejects.
 */
export async function readMailHead(mail: Mail, dependencies: HeadDependencies): Promise<MailHead> {
  const { content } = mail;
  if (content.kind === 'composed') {
    const attachments = content.fields.attachments.map((one) => ({ ...one, source: inline(Buffer.alloc(0)) }));
    const built = await build(
      { ...mail, content: { ...content, fields: { ...content.fields, attachments } } },
      dependencies,
    );
    if (built.ok) return { ok: true, head: readHead(built.message) };
    return built.reason === 'retry' ? built : { ok: false, reason: 'unavailable' };
  }
  const { source } = content;
  const loaded =
    source.kind === 's3'
      ? await dependencies.fetchStart(source, headBytes)
      : { ok: true as const, bytes: Buffer.from(source.base64, 'base64') };
  if (!loaded.ok) return loaded.reason === 'retry' ? loaded : { ok: false, reason: 'unavailable' };
  const head = readHead(loaded.bytes.subarray(0, headBytes));
  const built = await build({ ...mail, content: { kind: 'raw', source: inline(head.bytes) } }, dependencies);
  return { ok: true, head: built.ok ? readHead(built.message) : head };
}

function build(mail: Mail, { date }: HeadDependencies): Promise<BuiltMessage> {
  return buildMessage(mail, {
    fetchObject: async () => ({ ok: false, reason: 'unavailable', rule: 'is not fetched for its headers' }),
    date,
    maxMessageBytes: Number.POSITIVE_INFINITY,
    allowedFromDomains: [],
  });
}

function inline(bytes: Buffer): { readonly kind: 'inline'; readonly base64: string } {
  return { kind: 'inline', base64: bytes.toString('base64') };
}
