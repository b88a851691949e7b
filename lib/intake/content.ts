import type { FieldError } from '../contracts/dead-letter.ts';
import type { IntakeMailbox, IntakeMessage, IntakeSource } from '../contracts/intake-message.ts';
import { parseMailbox } from './addresses.ts';
import type { ComposedFields, ContentSource, MailAttachment, Mailbox } from './mail.ts';

/** Collects what is wrong while the fields are read, so that one answer names all of it. */
export type Errors = FieldError[];

export function readMailboxes(field: string, values: readonly IntakeMailbox[] | undefined, errors: Errors): Mailbox[] {
  return (values ?? []).flatMap((value, index) => readMailbox(`${field}[${index}]`, value, errors) ?? []);
}

export function readMailbox(field: string, value: IntakeMailbox, errors: Errors): Mailbox | undefined {
  const text = typeof value === 'string' ? value : value.address;
  const parsed = parseMailbox(text);
  if (!parsed.ok) {
    errors.push({ field: typeof value === 'string' ? field : `${field}.address`, rule: parsed.rule });
    return undefined;
  }
  const name = typeof value === 'string' ? parsed.value.name : (value.name ?? parsed.value.name).trim();
  return name === '' ? { address: parsed.value.address } : { name, address: parsed.value.address };
}

/** The composed fields with their defaults, in one fixed order of keys: the payload hash is taken over their JSON. */
export function readComposed(
  message: IntakeMessage,
  boxes: { readonly from: Mailbox; readonly to: readonly Mailbox[]; readonly cc: readonly Mailbox[] },
  errors: Errors,
): ComposedFields {
  return {
    from: boxes.from,
    to: boxes.to,
    cc: boxes.cc,
    replyTo: readMailboxes('replyTo', message.replyTo, errors),
    subject: message.subject ?? '',
    ...(message.text ? { text: message.text } : {}),
    ...(message.html ? { html: message.html } : {}),
    headers: readHeaders(message.headers ?? {}),
    attachments: (message.attachments ?? []).map(readAttachment),
  };
}

function readHeaders(headers: NonNullable<IntakeMessage['headers']>): { name: string; value: string }[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => ({ name, value: value.trim() })),
  );
}

function readAttachment(attachment: NonNullable<IntakeMessage['attachments']>[number]): MailAttachment {
  const { filename, contentType, contentId, disposition } = attachment;
  return {
    ...(filename === undefined ? {} : { filename }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(contentId === undefined ? {} : { contentId }),
    disposition: disposition ?? (contentId === undefined ? 'attachment' : 'inline'),
    source: readSource(attachment),
  };
}

/** Line breaks inside base64 carry nothing, so they must not make two contents of one. */
export function readSource(holder: IntakeSource): ContentSource {
  if (holder.s3 === undefined) return { kind: 'inline', base64: (holder.content ?? '').replace(/[\r\n]+/g, '') };
  const { bucket, key, versionId } = holder.s3;
  return { kind: 's3', bucket, key, ...(versionId === undefined ? {} : { versionId }) };
}
