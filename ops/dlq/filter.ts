import type { FailedRecipient } from '../../lib/contracts/dead-letter.ts';
import { type Entry, movedBySqs } from './entry.ts';
import { recipientsOf } from './read-body.ts';

/** An entry must match every list that is not empty, each by any of its values. */
export interface Filter {
  /** Entry ids; SQS message ids count too. */
  readonly ids: readonly string[];
  readonly reasons: readonly string[];
  readonly keys: readonly string[];
  /** SMTP codes (`550`), or enhanced status codes from the left (`5.1.1`, `5.1`). */
  readonly codes: readonly string[];
  readonly relays: readonly string[];
  /** Recipient domains, lower-case A-labels. */
  readonly domains: readonly string[];
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly newerThan?: number;
}

/** Code, relay and domain must all be those of one and the same failed recipient. */
export function matches(entry: Entry, filter: Filter, now: number): boolean {
  const { ids, reasons, keys, olderThan = Number.NEGATIVE_INFINITY, newerThan = Number.POSITIVE_INFINITY } = filter;
  const age = now - entry.since;
  return (
    any(ids, (id) => id === entry.id || id === entry.messageId) &&
    any(reasons, (reason) => reason === entry.reason) &&
    any(keys, (key) => key === entry.key) &&
    age > olderThan &&
    age < newerThan &&
    matchesRecipient(entry, filter)
  );
}

function matchesRecipient(entry: Entry, { codes, relays, domains }: Filter): boolean {
  if (codes.length + relays.length + domains.length === 0) return true;
  return failedRecipients(entry).some(
    (recipient) =>
      any(codes, (code) => hasCode(recipient, code)) &&
      any(relays, (relay) => relay === recipient.relay) &&
      any(domains, (domain) => domain === domainOf(recipient.address)),
  );
}

/**
 * Whom the entry is about: those that its detail names, and everybody in the message where the detail names nobody or not
 * all of them, or where SQS moved the message.
 */
export function failedRecipients({ detail, reason, body }: Entry): readonly FailedRecipient[] {
  const named = reason === movedBySqs ? [] : (detail.recipients ?? []);
  if (named.length > 0 && detail.truncated === undefined) return named;
  const known = new Set(named.map(({ address }) => address));
  const others = recipientsOf(body).filter((address) => !known.has(address));
  return [...named, ...others.map((address) => ({ address }))];
}

function hasCode({ code, enhancedCode }: FailedRecipient, wanted: string): boolean {
  if (!wanted.includes('.')) return code === Number(wanted);
  return enhancedCode === wanted || enhancedCode?.startsWith(`${wanted}.`) === true;
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

function any<T>(values: readonly T[], test: (value: T) => boolean): boolean {
  return values.length === 0 || values.some(test);
}
