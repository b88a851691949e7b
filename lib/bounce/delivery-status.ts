import { dateTime, field, foldedField, isAscii } from './fields.ts';
import type { Report, ReportedRecipient } from './report.ts';

/** True when an address cannot be written in ASCII: the report then has the form of RFC 6533. */
export function isInternational({ recipients }: Pick<Report, 'recipients'>): boolean {
  return recipients.some(({ address }) => !isAscii(address));
}

/** Content of the message/delivery-status part (RFC 3464 §2), or of its UTF-8 form (RFC 6533 §4). Lines end with CRLF. */
export function deliveryStatus(report: Report): string {
  const international = isInternational(report);
  return [messageFields(report), ...report.recipients.map((one) => recipientFields(report, one, international))].join(
    '\r\n',
  );
}

function messageFields({ envelopeId, reportingMta, arrivedAt }: Report): string {
  return [
    ...(envelopeId === undefined ? [] : [field('Original-Envelope-Id', envelopeId)]),
    field('Reporting-MTA', `dns; ${reportingMta}`),
    field('Arrival-Date', dateTime(arrivedAt)),
  ].join('');
}

function recipientFields({ action }: Report, recipient: ReportedRecipient, international: boolean): string {
  const { address, status, relay, diagnostic, lastAttemptAt, retryUntil } = recipient;
  // RFC 6533 §3: in the UTF-8 form a backslash begins an escape.
  const typed = isAscii(address) ? `rfc822; ${address}` : `utf-8; ${address.replaceAll('\\', '\\x{5C}')}`;
  return [
    field('Original-Recipient', typed),
    field('Final-Recipient', typed),
    field('Action', action),
    field('Status', status),
    // The ledger knows a relay by its name in the stage config, which is no host name.
    ...(relay === undefined ? [] : [field('Remote-MTA', `x-postroom-relay; ${relay}`)]),
    ...(diagnostic === undefined
      ? []
      : [foldedField('Diagnostic-Code', international ? diagnostic : asciiOf(diagnostic))]),
    ...(lastAttemptAt === undefined ? [] : [field('Last-Attempt-Date', dateTime(lastAttemptAt))]),
    ...(retryUntil === undefined ? [] : [field('Will-Retry-Until', dateTime(retryUntil))]),
  ].join('');
}

function asciiOf(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, '?');
}
