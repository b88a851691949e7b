import type { DeadLetterReason } from '../contracts/dead-letter.ts';
import type { RecipientRecord } from '../ledger/item.ts';

export type Action = 'failed' | 'delayed';

/** What the sender knows about one recipient that it has to report. */
export interface Evidence {
  readonly record: RecipientRecord | undefined;
  /** Absent while the recipient is only late. */
  readonly reason?: DeadLetterReason;
  /** A sentence for people, for reasons that no SMTP reply explains. */
  readonly message?: string;
}

/**
 * Subject and detail (RFC 3463 §3) of a reason that is not the relay's answer. The last answer, if there was one, stands
 * in Diagnostic-Code.
 */
const reasonDetails: Partial<Record<DeadLetterReason, string>> = {
  expired: '4.7',
  'retry-exhausted': '4.7',
  uncertain: '4.2',
  poison: '3.0',
  malformed: '6.0',
  'attachment-unavailable': '6.0',
  'not-allowed': '7.1',
};

/** Where a session failed without a well-formed reply. */
const phaseDetails: Readonly<Record<string, string>> = {
  credentials: '3.5',
  dns: '4.3',
  connect: '4.1',
  tls: '7.5',
  greeting: '4.2',
  ehlo: '4.2',
  starttls: '7.5',
  auth: '3.5',
  mail: '3.3',
  rcpt: '4.2',
  data: '4.2',
  body: '4.2',
  'final-reply': '4.2',
};

/**
 * Status code (RFC 3464 §2.3.4, RFC 3463): the class says what the action says, permanent or for now; subject and detail
 * are the relay's own where it gave an enhanced code, and `0.0` (undefined) where it gave only a reply code.
 */
export function statusCode(action: Action, { record, reason }: Evidence): string {
  const status = action === 'failed' ? '5' : '4';
  return `${status}.${(reason && reasonDetails[reason]) ?? replyDetail(record)}`;
}

function replyDetail(record: RecipientRecord | undefined): string {
  const enhanced = /^[245]\.(\d{1,3}\.\d{1,3})$/.exec(record?.enhancedCode ?? '')?.[1];
  if (enhanced !== undefined) return enhanced;
  if (record?.code !== undefined) return '0.0';
  return phaseDetails[record?.phase ?? ''] ?? (record?.text === undefined ? '4.0' : '0.0');
}

/**
 * Diagnostic-Code (RFC 3464 §2.3.6): `smtp; ` and the reply, or `x-postroom; ` and what was seen instead. Undefined when
 * there is nothing to say.
 */
export function diagnosticCode({ record, reason, message }: Evidence): string | undefined {
  const text = record?.text ?? '';
  if (record?.code !== undefined) {
    return `smtp; ${[record.code, record.enhancedCode, text].filter((part) => part !== undefined && part !== '').join(' ')}`;
  }
  const seen =
    text === '' ? message : `${record?.phase === undefined ? '' : `${record.phase}: `}${withoutPlaces(text)}`;
  return seen === undefined ? reason && `x-postroom; ${reason}` : `x-postroom; ${seen}`;
}

/** URLs, IP addresses of either version and host names, with their ports. */
const places = [
  /\b[a-z][a-z\d+.-]*:\/\/\S+/gi,
  /\[?(?<![\da-f:])(?:[\da-f]{0,4}:){2,7}[\da-f.]*\]?(?::\d+)?/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /\b(?:[a-z\d_-]+\.)+[a-z][a-z\d-]+(?::\d+)?\b/gi,
];

/** An error of ours, for strangers: where our relays stand is not for them. What a relay says it says to them. */
function withoutPlaces(text: string): string {
  return places.reduce((rest, place) => rest.replace(place, '(address)'), text);
}
