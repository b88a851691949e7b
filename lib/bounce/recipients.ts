import { pendingRecipients } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import type { ReportedRecipient } from './report.ts';
import { type Action, diagnosticCode, type Evidence, statusCode } from './status.ts';

/** What is to be reported. `deadLetterIds`: the entries whose recipients have failed. */
export type Notice =
  | { readonly kind: 'failed'; readonly deadLetterIds: readonly string[] }
  /** `retryUntil`: ms since the epoch. */
  | { readonly kind: 'delayed'; readonly retryUntil: number };

/** The recipients that the notice is about, in the mail's order. Made from the stored item alone, so always the same. */
export function reportedRecipients(
  item: LedgerItem,
  notice: Notice,
  mailRecipients: readonly string[],
): ReportedRecipient[] {
  if (notice.kind === 'delayed') {
    return pendingRecipients(item, mailRecipients).map((address) => ({
      ...reported('delayed', address, { record: item.recipients[address] }),
      retryUntil: notice.retryUntil,
    }));
  }
  return mailRecipients.flatMap((address) => {
    const record = item.recipients[address];
    const id = record?.deadLetterId;
    if (record?.status !== 'failed' || id === undefined || !notice.deadLetterIds.includes(id)) return [];
    const { reason, message } = item.deadLetters[id] ?? {};
    const evidence = { record, ...(reason && { reason }), ...(message === undefined ? {} : { message }) };
    return [reported('failed', address, evidence)];
  });
}

function reported(action: Action, address: string, evidence: Evidence): ReportedRecipient {
  const { record, reason, message } = evidence;
  const diagnostic = diagnosticCode(evidence);
  return {
    address,
    status: statusCode(action, evidence),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(diagnostic === undefined ? {} : { diagnostic }),
    ...(record?.relay === undefined ? {} : { relay: record.relay }),
    ...(record?.triedAt === undefined ? {} : { lastAttemptAt: record.triedAt }),
  };
}
