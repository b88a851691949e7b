import type { Mail } from '../intake/mail.ts';
import type { RawHead } from '../mime/raw-message.ts';
import { headerValues } from './original.ts';
import { bounceHeader } from './report.ts';

/**
 * Why nobody is told about a failed mail. RFC 5321 §6.1 and RFC 3834 §2: what no person wrote and no person waits for
 * must not be answered, or two machines answer each other for ever.
 */
export type Guard =
  | 'switched-off'
  | 'null-sender'
  | 'mail-daemon'
  | 'own-daemon'
  | 'bounce'
  | 'report'
  | 'auto-submitted'
  | 'bulk'
  | 'suppressed-by-header'
  /** Nobody can say any more whether the headers forbid it. */
  | 'headers-unreadable';

/**
 * Local parts under which mail systems write. "postmaster" is none of them: a person reads that mailbox (RFC 5321
 * §4.5.1), and the notices of broken systems that use it are known by their headers.
 */
const daemons = /^"?(mailer[-_.]?daemon|mail[-_.]?daemon|double-bounce)(?![a-z0-9])/i;

/** What the envelope and the publisher's wish say, before anybody looks at the headers. */
export function envelopeGuard({ bounces, envelope }: Mail, ownDaemon: string | undefined): Guard | undefined {
  if (bounces === 'off') return 'switched-off';
  if (envelope.from === '') return 'null-sender';
  if (daemons.test(envelope.from)) return 'mail-daemon';
  // Without regard to case in the local part: better one notice too few than a loop.
  if (envelope.from.toLowerCase() === ownDaemon?.toLowerCase()) return 'own-daemon';
  return undefined;
}

/** What the headers of the mail say; the first that forbids a bounce. */
export function headerGuard(message: RawHead): Guard | undefined {
  const values = (name: string): readonly string[] => headerValues(message, name);
  if (values(bounceHeader.toLowerCase()).length > 0) return 'bounce';
  // A bounce that somebody took out of a mailbox and sent on with a sender of its own.
  if (values('return-path').some((path) => path.startsWith('<>'))) return 'null-sender';
  if (values('content-type').some((type) => /^multipart\/report\b/i.test(type))) return 'report';
  if (values('auto-submitted').some((value) => keyword(value) !== 'no')) return 'auto-submitted';
  if (values('precedence').some((value) => /^(bulk|junk|list)$/.test(keyword(value)))) return 'bulk';
  // Not List-Unsubscribe: receipts carry it too, and lists of customers are kept clean by their bounces.
  if (values('list-id').length > 0) return 'bulk';
  // MS-OXCMAIL: NDR means non-delivery reports; the other words mean answers that this is not.
  if (values('x-auto-response-suppress').some((value) => /(^|[\s,;])(all|ndr)($|[\s,;])/i.test(value))) {
    return 'suppressed-by-header';
  }
  return undefined;
}

/** The first word; comments and parameters (RFC 3834 §5.1) left out. */
function keyword(value: string): string {
  const word = value.replace(/\([^()]*\)/g, ' ').trim();
  return (/^[^\s;]*/.exec(word)?.[0] ?? '').toLowerCase();
}
