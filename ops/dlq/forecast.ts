import { pendingDeadLetters, pendingRecipients } from '../../lib/ledger/facts.ts';
import type { LedgerItem } from '../../lib/ledger/item.ts';
import { open } from '../../lib/ledger/open.ts';
import type { Entry } from './entry.ts';
import { readBody } from './read-body.ts';

/** What a redrive of an entry would lead to, by what the ledger says now. */
export type Forecast =
  /** Sent to these recipients, and to nobody else. */
  | {
      readonly kind: 'send';
      readonly to: readonly string[];
      /** Those among them who may have the mail already: an answer was lost, or a sender stopped while it sent to them. */
      readonly doubtful: readonly string[];
      /** False: the ledger has no record of the mail, so everybody counts as never tried. */
      readonly known: boolean;
    }
  /** Dropped: nobody is left to send to. */
  | { readonly kind: 'duplicate' }
  /**
   * The mail is being sent, or is not due. `inFlight`: recipients of a send that nobody knows the end of, of whom the ledger
   * may say tomorrow that they may have the mail.
   */
  | {
      readonly kind: 'on-its-way';
      readonly to: readonly string[];
      readonly inFlight: readonly string[];
      readonly until: number;
    }
  /** Dead-lettered again at once. */
  | { readonly kind: 'refused'; readonly why: string };

/** Judges as the sender will (`lib/ledger/open.ts`), but for the stage's own rules. `now`: ms since the epoch. */
export function forecast(entry: Entry, stored: LedgerItem | undefined, now: number): Forecast {
  const { read } = readBody(entry.body, { messageId: entry.messageId, sentAt: now });
  if (!read.ok) {
    return { kind: 'refused', why: read.errors.map(({ field, rule }) => `${field}: ${rule}`).join('; ') };
  }
  const { mail } = read;
  const facts = {
    key: entry.key,
    payloadHash: mail.payloadHash,
    recipients: mail.envelope.to,
    onUncertain: mail.onUncertain,
    enqueuedAt: now,
    ...(mail.expiresAt === undefined ? {} : { expiresAt: mail.expiresAt }),
    ...(entry.deadLetterId === undefined ? {} : { deadLetterId: entry.deadLetterId }),
  };
  const opening = open(stored, facts, { now, newId: () => '' });
  switch (opening.kind) {
    case 'conflict':
      return { kind: 'refused', why: 'another mail with this key and other content was taken in before' };
    case 'duplicate':
      return { kind: 'duplicate' };
    case 'wait':
      return {
        kind: 'on-its-way',
        to: stored === undefined ? [] : pendingRecipients(stored, facts.recipients),
        inFlight: stored?.lease?.inFlight ?? [],
        until: opening.until,
      };
    case 'proceed':
      return sending(opening.item, facts.recipients, stored !== undefined && stored.ttl * 1000 > now, now);
  }
}

/** `item`: as the sender will find it, with the lease of a sender that stopped already counted as a crash. */
function sending(item: LedgerItem, recipients: readonly string[], known: boolean, now: number): Forecast {
  const to = pendingRecipients(item, recipients);
  if (to.length === 0) {
    const [owed = ''] = pendingDeadLetters(item);
    const { reason, message = '' } = item.deadLetters[owed] ?? {};
    return reason === undefined ? { kind: 'duplicate' } : { kind: 'refused', why: `${reason}: ${message}` };
  }
  if (item.mailExpiresAt !== undefined && item.mailExpiresAt <= now) {
    return { kind: 'refused', why: `the mail expired at ${new Date(item.mailExpiresAt).toISOString()}` };
  }
  const doubtful = to.filter((address) => {
    const { doubts = 0, crashes = 0 } = item.recipients[address] ?? {};
    return doubts + crashes > 0;
  });
  return { kind: 'send', to, doubtful, known };
}

/** The forecast in a sentence. */
export function describeForecast(outlook: Forecast): string {
  switch (outlook.kind) {
    case 'duplicate':
      return 'nothing is sent: nobody is left to send to, the copy is dropped as a duplicate';
    case 'on-its-way':
      return `another copy is on its way to ${outlook.to.join(', ')}; this one follows it at ${new Date(outlook.until).toISOString()}`;
    case 'refused':
      return `dead-lettered again: ${outlook.why}`;
    case 'send': {
      const { to, doubtful, known } = outlook;
      return [
        `sent to ${to.join(', ')}`,
        ...(known ? [] : ['the ledger has no record of this mail, so nobody counts as having it']),
        ...(doubtful.length === 0 ? [] : [`may arrive twice at ${doubtful.join(', ')}`]),
      ].join('; ');
    }
  }
}
