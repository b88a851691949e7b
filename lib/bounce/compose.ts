import { hash } from 'node:crypto';
import type { BounceSettings } from '../contracts/sender-environment.ts';
import { domainOf } from '../intake/addresses.ts';
import type { Mail } from '../intake/mail.ts';
import type { LedgerItem } from '../ledger/item.ts';
import type { RawHead } from '../mime/raw-message.ts';
import { headerSection, headerValues, originalMessageId } from './original.ts';
import { type Notice, reportedRecipients } from './recipients.ts';
import { buildReport } from './report.ts';

/** A bounce as an intake message: a mail like any other from here on. */
export interface IntakeBounce {
  /** Its idempotency key. */
  readonly key: string;
  /** JSON of the intake contract. */
  readonly body: string;
}

export interface Failure {
  readonly mail: Mail;
  /** As the ledger holds it. What is not written yet must not be reported: a repeat could say something else. */
  readonly item: LedgerItem;
  readonly notice: Notice;
  readonly original: RawHead;
}

/** Author of the bounces about mail of that sender. */
function daemonFor(mail: Mail, { from }: Pick<BounceSettings, 'from'>): string {
  return from ?? `MAILER-DAEMON@${domainOf(mail.envelope.from)}`;
}

/**
 * The bounce about a failed or late mail, or undefined when there is nobody left to report. The same failure gives the
 * same key and the same bytes, so that the ledger suppresses what is published twice.
 */
export function composeBounce(
  { mail, item, notice, original }: Failure,
  settings: BounceSettings,
): IntakeBounce | undefined {
  const recipients = reportedRecipients(item, notice, mail.envelope.to);
  if (recipients.length === 0) return undefined;
  const id = bounceId(
    item,
    notice,
    recipients.map(({ address }) => address),
  );
  const from = daemonFor(mail, settings);
  const subject = subjectOf(mail, original);
  const messageId = originalMessageId(original);
  const report = buildReport({
    action: notice.kind,
    from,
    to: mail.envelope.from,
    reportingMta: settings.reportingMta ?? domainOf(from),
    id,
    date: dateOf(item, notice, settings),
    arrivedAt: item.firstSeenAt,
    ...(/^[!-~]+$/.test(mail.key) ? { envelopeId: mail.key } : {}),
    ...(subject === undefined ? {} : { subject }),
    recipients,
    ...(messageId === undefined ? {} : { originalMessageId: messageId }),
    originalHeaders: headerSection(original),
  });
  const key = `postroom-bounce/${id}`;
  const message = {
    version: 1,
    idempotencyKey: key,
    raw: { content: report.toString('base64') },
    envelope: { from: '', to: [mail.envelope.from] },
  };
  return { key, body: JSON.stringify(message) };
}

/**
 * Derived from the failed mail and what failed of it. A redriven mail that fails again has other dead letters: that is told
 * anew. What a delay notice says is as the ledger stood; once that has changed, the notice is another one.
 */
function bounceId({ key, firstSeenAt, writeId }: LedgerItem, notice: Notice, addresses: readonly string[]): string {
  const cause = notice.kind === 'failed' ? notice.deadLetterIds.toSorted() : [firstSeenAt, writeId];
  return hash('sha256', JSON.stringify([notice.kind, key, cause, addresses.toSorted()]), 'hex').slice(0, 40);
}

/** Never the clock: a repeat has the same date. */
function dateOf({ deadLetters, firstSeenAt, nextAttemptAt = 0 }: LedgerItem, notice: Notice, settings: BounceSettings) {
  if (notice.kind === 'delayed') return Math.max(firstSeenAt + settings.delayNoticeSeconds * 1000, nextAttemptAt);
  return Math.max(firstSeenAt, ...notice.deadLetterIds.map((id) => deadLetters[id]?.failedAt ?? 0));
}

/** Only what needs no decoding: the headers are attached anyway. */
function subjectOf({ content }: Mail, original: RawHead): string | undefined {
  if (content.kind === 'composed') return content.fields.subject;
  const [subject = ''] = headerValues(original, 'subject');
  return /^[ -~]+$/.test(subject) && !subject.includes('=?') ? subject : undefined;
}
