import { hash } from 'node:crypto';
import type { Mail } from '../intake/mail.ts';

/**
 * Value of the `X-Postroom-Id` header: the same for every copy of a mail, so that a repeat is recognisable even where a
 * relay replaces the Message-ID. A hash, because an idempotency key may name what the recipient must not see.
 */
export function postroomId(key: string): string {
  return hash('sha256', `postroom:${key}`, 'hex').slice(0, 40);
}

/** `<id@domain>` (RFC 5322 §3.6.4), in the domain of the mail's author. */
export function messageId(key: string, domain: string): string {
  return `<${postroomId(key)}@${domain}>`;
}

/**
 * The shared part of the MIME boundaries. It depends on the content too: who writes a part of the body and can guess the
 * key must not be able to write the boundary into it.
 */
export function boundary(mail: Mail): string {
  return hash('sha256', `${mail.key}\n${mail.payloadHash}`, 'hex').slice(0, 24);
}
