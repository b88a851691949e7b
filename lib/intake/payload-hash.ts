import { hash } from 'node:crypto';
import type { Mail, MailContent } from './mail.ts';

/**
 * SHA-256 (hex) of what is sent to whom. The content has been normalised (defaults filled in, keys in a fixed order), so
 * its JSON is canonical but for the header fields: theirs is the order in which a publisher's JSON happened to list them.
 */
export function payloadHash(envelope: Mail['envelope'], content: MailContent): string {
  return hash('sha256', JSON.stringify([envelope, canonical(content)]), 'hex');
}

function canonical(content: MailContent): MailContent {
  if (content.kind === 'raw' || content.fields.headers.length < 2) return content;
  const headers = content.fields.headers
    .map(({ name, value }) => ({ name: name.toLowerCase(), value }))
    .sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  return { kind: 'composed', fields: { ...content.fields, headers } };
}
