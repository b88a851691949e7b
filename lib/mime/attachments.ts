import { Readable } from 'node:stream';
import type { Options } from 'nodemailer/lib/mail-composer';
import type { MailAttachment } from '../intake/mail.ts';
import { type BuildDependencies, type BuildFailure, tooLarge } from './contracts.ts';
import { loadSource } from './load.ts';
import { longLine, withCrlf } from './raw-lines.ts';

type ComposerAttachment = NonNullable<Options['attachments']>[number];

/** Base64 in lines of 76 characters and CRLF (RFC 2045 §6.8): 57 bytes become 78. */
const encodedSize = (bytes: number) => Math.ceil((bytes * 78) / 57);

/** Loads the attachments one after the other, so that no more than one message's worth is ever in memory. */
export async function loadAttachments(
  attachments: readonly MailAttachment[],
  dependencies: BuildDependencies,
): Promise<{ readonly ok: true; readonly list: ComposerAttachment[] } | BuildFailure> {
  const list: ComposerAttachment[] = [];
  let encoded = 0;
  for (const [index, attachment] of attachments.entries()) {
    const field = `attachments[${index}]`;
    const room = Math.floor(((dependencies.maxMessageBytes - encoded) * 57) / 78);
    const loaded = await loadSource(field, attachment.source, room, dependencies);
    if (!loaded.ok) return loaded;
    encoded += encodedSize(loaded.bytes.length);
    if (loaded.bytes.length > room) return tooLarge(field, `at least ${encoded}`, dependencies.maxMessageBytes);
    list.push(composerAttachment(attachment, loaded.bytes));
  }
  return { ok: true, list };
}

function composerAttachment(attachment: MailAttachment, bytes: Buffer): ComposerAttachment {
  const { filename, contentType, contentId, disposition } = attachment;
  return {
    ...(filename === undefined ? {} : { filename }),
    ...(contentId === undefined ? {} : { cid: contentId }),
    contentDisposition: disposition,
    ...content(contentType, bytes),
  };
}

/**
 * A message/* part must not be encoded (RFC 2046 §5.2.1). One that SMTP could not carry as it is goes as plain bytes:
 * mail programs open it by its file name.
 */
function content(contentType: string | undefined, bytes: Buffer): Pick<ComposerAttachment, 'contentType' | 'content'> {
  if (contentType === undefined || !/^message\//i.test(contentType)) {
    return { ...(contentType === undefined ? {} : { contentType }), content: inChunks(bytes) };
  }
  const message = withCrlf(bytes);
  return isSevenBit(message)
    ? { contentType, content: message }
    : { contentType: 'application/octet-stream', content: inChunks(bytes) };
}

function isSevenBit(message: Buffer): boolean {
  return message.every((byte) => byte > 0 && byte < 0x80) && longLine(message) === undefined;
}

/** Lines of base64 that belong together, so that encoding 25 MB does not take another 100 MB at one time. */
const chunkBytes = 57 * 1024;

function inChunks(bytes: Buffer): Readable | Buffer {
  if (bytes.length <= chunkBytes) return bytes;
  const starts = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) => index * chunkBytes);
  return Readable.from(
    starts.map((start) => bytes.subarray(start, start + chunkBytes)),
    { objectMode: false },
  );
}
