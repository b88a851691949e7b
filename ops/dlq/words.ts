import type { DeadLetterReason, FailedRecipient } from '../../lib/contracts/dead-letter.ts';
import { type Entry, movedBySqs } from './entry.ts';

/** Typed by the contract, so that a new reason must be explained here. */
const reasons: Readonly<Record<DeadLetterReason, string>> = {
  rejected: 'A relay refused it for good.',
  expired: 'The mail’s own expiry passed before every recipient had it.',
  'retry-exhausted': 'It was tried as often, or for as long, as the stage allows.',
  malformed: 'The message breaks the intake contract. Publish it anew, put right.',
  'not-allowed': 'The stage’s rules forbid it: a sender domain or an attachment bucket.',
  'attachment-unavailable': 'An attachment in S3 cannot be had.',
  poison: 'The sender stopped several times while it worked on this mail.',
  uncertain: 'The connection ended at the moment of handing over: the relay may have taken the mail, or not.',
  'key-conflict': 'Another mail with the same idempotency key and other content was taken in before.',
  'bounce-undeliverable': 'A bounce has nowhere to go: its return path’s domain takes no mail.',
};
const explained = new Map<string, string>([
  ...Object.entries(reasons),
  [movedBySqs, 'SQS moved it by itself: it was received too often and nobody could say why.'],
]);

/** The reason as a sentence. */
export function explainReason(reason: string): string {
  return explained.get(reason) ?? 'A reason that this version of the command does not know.';
}

/** Why, as sentences: one per failed recipient or broken rule. */
export function describeDetail({ detail }: Pick<Entry, 'detail'>): readonly string[] {
  return [
    ...(detail.message === undefined ? [] : [detail.message]),
    ...(detail.errors ?? []).map(({ field, rule }) => (field === '' ? rule : `${field}: ${rule}`)),
    ...(detail.recipients ?? []).map((recipient) => [recipient.address, ...describeReply(recipient)].join(': ')),
    ...(detail.truncated === undefined ? [] : [`and ${detail.truncated} more`]),
  ];
}

/** `550 5.1.1 User unknown (primary, rcpt)`, as far as known; nothing of a recipient that no relay was asked for. */
function describeReply({ code, enhancedCode, reply, relay, phase }: FailedRecipient): readonly string[] {
  const said = replyText({ code, enhancedCode, text: reply });
  const place = [relay, phase].filter((part) => part !== undefined).join(', ');
  if (place === '') return said === '' ? [] : [said];
  return [`${said || 'no reply'} (${place})`];
}

/** `550 5.1.1 User unknown`, as far as known; empty when there was no reply. */
export function replyText({ code, enhancedCode, text }: Reply): string {
  return [code, enhancedCode, text].filter((part) => part !== undefined && part !== '').join(' ');
}

interface Reply {
  readonly code?: number | undefined;
  readonly enhancedCode?: string | undefined;
  readonly text?: string | undefined;
}

/** Texts come from relays and publishers: control characters would write to the operator's terminal. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, '\ufffd');
}

/** `1 entry`, `12 entries`. */
export function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}
