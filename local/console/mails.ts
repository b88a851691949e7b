import { simpleParser } from 'mailparser';
import type { DeliveredMail, Mailbox } from '../mailbox/mailbox.ts';
import type { MailboxView } from './model.ts';

const shown = 100;

/** The newest mails. */
export async function mailboxView(mailbox: Mailbox): Promise<MailboxView> {
  const newest = mailbox.list().slice(-shown).reverse();
  const views = await Promise.all(newest.map((mail) => mailbox.view(mail)));
  const mails = views.map(({ id, relay, receivedAt, from, envelope, subject, size }) => {
    return { id, relay, at: Date.parse(receivedAt), from, to: envelope.to, subject, size };
  });
  return { total: mailbox.total(), mails };
}

/**
 * For the document of a mail: nothing runs, nothing is loaded from elsewhere, no form is sent, and the document is of no
 * origin, so that it cannot read the console either.
 */
export const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

const style = `:root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; background: #fff; color: #111; }
body { margin: 1rem; overflow-wrap: anywhere; } pre { white-space: pre-wrap; font: inherit; }`;

/** The mail as a mail program shows it: its HTML with the pictures it carries, else its text. */
export async function mailDocument({ message }: DeliveredMail): Promise<string> {
  const { html, text } = await simpleParser(message, { skipTextToHtml: true });
  if (typeof html === 'string') return html;
  return `<!doctype html><meta charset="utf-8"><title>Mail</title><style>${style}</style><pre>${escapeHtml(text ?? '')}</pre>`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
