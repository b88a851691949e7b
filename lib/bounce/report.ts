import type { DeadLetterReason } from '../contracts/dead-letter.ts';
import { domainOf } from '../intake/addresses.ts';
import { deliveryStatus, isInternational } from './delivery-status.ts';
import { explanation } from './explanation.ts';
import { dateTime, field } from './fields.ts';
import { multipart, type Part, part } from './multipart.ts';
import type { Action } from './status.ts';

/** Everything that a report says. The same report always gives the same bytes. */
export interface Report {
  readonly action: Action;
  /** Author of the report, an address. */
  readonly from: string;
  /** The failed mail's reverse-path. */
  readonly to: string;
  /** Host name (RFC 3464 §2.2.2). */
  readonly reportingMta: string;
  /** Hexadecimal; names this report in its Message-ID. */
  readonly id: string;
  /** Date of the report, ms since the epoch. */
  readonly date: number;
  /** When the mail was taken in, ms since the epoch. */
  readonly arrivedAt: number;
  /** The name that the publisher gave the mail (RFC 3464 §2.2.1). */
  readonly envelopeId?: string;
  readonly subject?: string;
  readonly recipients: readonly ReportedRecipient[];
  /** `<id@domain>` of the mail. */
  readonly originalMessageId?: string;
  /** The mail's header section, lines ending with CRLF. */
  readonly originalHeaders: Buffer;
}

export interface ReportedRecipient {
  readonly address: string;
  /** Enhanced status code (RFC 3463). */
  readonly status: string;
  readonly reason?: DeadLetterReason;
  readonly message?: string;
  /** `smtp; …` or `x-postroom; …` */
  readonly diagnostic?: string;
  /** The relay's name in the stage config. */
  readonly relay?: string;
  /** ms since the epoch */
  readonly lastAttemptAt?: number;
  /** ms since the epoch */
  readonly retryUntil?: number;
}

/** Names a mail as a bounce of Postroom's: `failed` or `delayed`. */
export const bounceHeader = 'X-Postroom-Bounce';

const subjects = {
  failed: 'Delivery Status Notification (Failure)',
  delayed: 'Delivery Status Notification (Delay)',
} as const satisfies Record<Action, string>;

/** A complete delivery status notification (RFC 3464, RFC 6522): seven-bit but for the address in To. */
export function buildReport(report: Report): Buffer {
  const { action, from, to, id, date, originalMessageId } = report;
  const { contentType, body } = multipart('delivery-status', parts(report));
  const head = [
    field('From', `Mail Delivery System <${from}>`),
    field('To', to),
    field('Subject', subjects[action]),
    field('Date', dateTime(date)),
    field('Message-ID', `<${id}@${domainOf(from)}>`),
    ...(originalMessageId === undefined
      ? []
      : [field('In-Reply-To', originalMessageId), field('References', originalMessageId)]),
    // RFC 3834 §5; the second is Exchange's word for the same.
    field('Auto-Submitted', 'auto-replied'),
    field('X-Auto-Response-Suppress', 'All'),
    field(bounceHeader, action),
    field('MIME-Version', '1.0'),
    contentType,
  ];
  return Buffer.concat([Buffer.from(`${head.join('')}\r\n`), body]);
}

function parts(report: Report): Part[] {
  const { originalHeaders } = report;
  const status = isInternational(report) ? 'message/global-delivery-status' : 'message/delivery-status';
  return [
    part('Notification', 'text/plain', Buffer.from(`${explanation(report)}\n`.replace(/\n/g, '\r\n'))),
    part('Delivery report', status, Buffer.from(deliveryStatus(report))),
    part('Headers of the undelivered mail', headersType(originalHeaders), originalHeaders),
  ];
}

/** RFC 6533 §6: headers in UTF-8 have a type of their own; anything else that is not ASCII is given as it came. */
function headersType(headers: Buffer): string {
  const ascii = headers.every((byte) => byte < 0x80);
  return !ascii && Buffer.from(headers.toString('utf8')).equals(headers)
    ? 'message/global-headers'
    : 'text/rfc822-headers';
}
