import MailComposer from 'nodemailer/lib/mail-composer';
import { domainOf } from '../intake/addresses.ts';
import type { ComposedFields, Mail } from '../intake/mail.ts';
import { loadAttachments } from './attachments.ts';
import { collect } from './collect.ts';
import { type BuildDependencies, type BuiltMessage, tooLarge } from './contracts.ts';
import { customHeaders } from './headers.ts';
import { boundary, messageId, postroomId } from './identity.ts';
import { textFromHtml } from './text-alternative.ts';

/** Composes the MIME message from its fields (RFC 2045, 2046, 2387). */
export async function buildComposed(
  mail: Mail,
  fields: ComposedFields,
  dependencies: BuildDependencies,
): Promise<BuiltMessage> {
  const attachments = await loadAttachments(fields.attachments, dependencies);
  if (!attachments.ok) return attachments;
  const composer = new MailComposer({
    from: { name: fields.from.name ?? '', address: fields.from.address },
    to: named(fields.to),
    cc: named(fields.cc),
    replyTo: named(fields.replyTo),
    subject: fields.subject,
    messageId: messageId(mail.key, domainOf(fields.from.address)),
    date: new Date(dependencies.date),
    ...(await bodies(fields)),
    attachments: attachments.list,
    baseBoundary: boundary(mail),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const head = Buffer.from(`X-Postroom-Id: ${postroomId(mail.key)}\r\n${customHeaders(fields.headers)}`);
  const built = await collect(head, composer.compile(), dependencies.maxMessageBytes);
  return built.ok ? built : tooLarge('body', `at least ${built.bytes}`, dependencies.maxMessageBytes);
}

function named(mailboxes: ComposedFields['to']): { name: string; address: string }[] {
  return mailboxes.map(({ name, address }) => ({ name: name ?? '', address }));
}

async function bodies({ text, html }: ComposedFields): Promise<{ text?: string; html?: string }> {
  const alternative = text ?? (html === undefined ? undefined : await textFromHtml(html));
  return {
    ...(alternative ? { text: withCrlf(alternative) } : {}),
    ...(html === undefined ? {} : { html: withCrlf(html) }),
  };
}

/** Parts that need no transfer encoding go out as they are, and SMTP knows no other line end (RFC 5321 §2.3.8). */
function withCrlf(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}
