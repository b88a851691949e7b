import type { DeadLetterReason } from '../../lib/contracts/dead-letter.ts';
import { crashLimit } from '../../lib/ledger/crashes.ts';
import type { DeadLetterRecord, Lease, LedgerItem, RecipientRecord } from '../../lib/ledger/item.ts';
import { replyText } from '../dlq/words.ts';
import { describeDuration } from '../shared/duration.ts';
import type { LogLine } from './log-line.ts';

export interface Outlook {
  /** Where the message stands, in a sentence. */
  readonly summary: string;
  /** What happens next and when, a sentence each. */
  readonly next: readonly string[];
}

/** @param now milliseconds since the epoch */
export function outlook(item: LedgerItem | undefined, lines: readonly LogLine[], now: number): Outlook {
  if (item === undefined) return withoutItem(lines);
  const directly = givenUpDirectly(item, lines);
  return {
    summary: summaryOf(item),
    next: directly === undefined ? nextOf(item, now) : [directly, ...deadLetterSteps(item)],
  };
}

/** A message that only ever met errors goes to the dead-letter queue past the ledger, which goes on as if it came again. */
function givenUpDirectly({ state, deadLetters }: LedgerItem, lines: readonly LogLine[]): string | undefined {
  const { event, reason = '' } = lines.findLast((line) => line.event.startsWith('mail.')) ?? {};
  const known = state === 'settled' || Object.values(deadLetters).some((record) => record.reason === reason);
  if (known || event !== 'mail.dead-lettered' || !mayBeSent.has(reason)) return undefined;
  return (
    `Nothing happens by itself: its message was given up (${reason}) and lies in the dead-letter queue (npm run dlq -- ` +
    'list). The ledger does not know of that: redrive the entry, or end it with npm run audit -- --close.'
  );
}

/** What a message is given up for when nobody can read its record. */
const mayBeSent: ReadonlySet<string> = new Set<DeadLetterReason>(['uncertain', 'poison']);

function withoutItem(lines: readonly LogLine[]): Outlook {
  const dead = lines.findLast(({ event }) => event === 'mail.dead-lettered');
  if (dead !== undefined) {
    return {
      summary: `${mayBeSent.has(dead.reason ?? '') ? 'Given up' : 'Never sent'}: ${dead.reason ?? 'dead-lettered'}.`,
      next: ['Nothing happens by itself: the entry lies in the dead-letter queue (npm run dlq -- list).'],
    };
  }
  return {
    summary: 'The log knows it, the ledger does not.',
    next: ['It is tried again when its copy in the queue becomes visible.'],
  };
}

function summaryOf({ recipients, state, attempts }: LedgerItem): string {
  const records = Object.values(recipients);
  const counted = (status: RecipientRecord['status']) => records.filter((record) => record.status === status).length;
  const [accepted, failed] = [counted('accepted'), counted('failed')];
  const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} charged`;
  if (state !== 'settled') {
    const so = accepted + failed === 0 ? '' : `, so far ${accepted} accepted and ${failed} failed`;
    return `On its way${so}; ${tries}.`;
  }
  if (failed === 0) return `Delivered to ${accepted === 1 ? 'its recipient' : `all ${accepted} recipients`}; ${tries}.`;
  if (accepted === 0)
    return `Not delivered to ${failed === 1 ? 'its recipient' : `any of ${failed} recipients`}; ${tries}.`;
  return `Delivered to ${accepted} of ${accepted + failed} recipients; ${tries}.`;
}

function nextOf(item: LedgerItem, now: number): readonly string[] {
  return [...deliverySteps(item, now), ...expiry(item, now), ...deadLetterSteps(item), ...memory(item)];
}

function deliverySteps(item: LedgerItem, now: number): string[] {
  const { state, lease, nextAttemptAt, lastRelay, stayOnRelay } = item;
  if (state === 'sending' && lease !== undefined) {
    if (lease.endsAt <= now) return [cutShort(lease, item.crashes + 1)];
    const doing = lease.inFlight.length === 0 ? 'built' : `sent through ${lease.relay}`;
    return [`It is being ${doing} right now, until ${moment(lease.endsAt, now)} at the latest.`];
  }
  if (state !== 'waiting') return [];
  if (nextAttemptAt === undefined) return ['It is tried again when its copy in the queue becomes visible.'];
  const same = stayOnRelay === true && lastRelay !== undefined;
  const where = same
    ? ` through ${lastRelay} again`
    : lastRelay === undefined
      ? ''
      : `, elsewhere than ${lastRelay} first`;
  return [`Next attempt${where}: ${moment(nextAttemptAt, now)}.`];
}

/** `crashes`: with this one. */
function cutShort({ relay, inFlight }: Lease, crashes: number): string {
  const built = inFlight.length === 0;
  const where = built ? 'it was built' : `${relay} had it`;
  if (crashes >= crashLimit) {
    return `A sender stopped while ${where}, for the ${crashes}th time; the next receive gives it up as poison.`;
  }
  const hold = built ? '' : ', or gives it up as uncertain if its publisher wants no second copy';
  return `A sender stopped while ${where}; the next receive tries it again${hold}.`;
}

function expiry({ state, mailExpiresAt }: LedgerItem, now: number): string[] {
  if (state === 'settled' || mailExpiresAt === undefined) return [];
  return [`Whoever has not got it by ${moment(mailExpiresAt, now)} is given up: so its publisher wishes.`];
}

function deadLetterSteps({ deadLetters }: LedgerItem): string[] {
  return Object.entries(deadLetters).flatMap(([id, record]) => [entryStep(id, record), ...bounceStep(record)]);
}

function entryStep(id: string, { pending, neverWritten, reason, message }: DeadLetterRecord): string {
  const why = message === undefined ? reason : `${reason}: ${message}`;
  if (pending) return `Its entry for the dead-letter queue (${why}) is written at the next receive.`;
  return neverWritten === true
    ? `A person closed it (${why}); no dead-letter entry was written for that.`
    : `Its entry in the dead-letter queue (${why}). Look: npm run dlq -- show ${id}`;
}

function bounceStep({ bounceOwedSince }: DeadLetterRecord): string[] {
  if (bounceOwedSince === undefined) return [];
  const since = new Date(bounceOwedSince).toISOString();
  return [
    `Its sender does not know of that failure yet (owed since ${since}): a bounce is tried at each receive, and when no ` +
      'message carries it any more, npm run audit lists it.',
  ];
}

function memory({ state, ttl }: LedgerItem): string[] {
  if (state !== 'settled') return [];
  return [`Copies with this key are recognised and dropped until ${new Date(ttl * 1000).toISOString().slice(0, 10)}.`];
}

/** Every recipient the ledger knows, a sentence each. */
export function describeRecipients(item: LedgerItem | undefined): readonly string[] {
  return Object.entries(item?.recipients ?? {}).map(([address, record]) => `${address}: ${describeRecord(record)}`);
}

function describeRecord(record: RecipientRecord): string {
  const { status, relay, phase, doubts = 0, at } = record;
  const said = replyText(record);
  const where = phase === undefined ? '' : ` (at ${phase})`;
  const doubt = doubts === 0 ? '' : `, in doubt ${doubts === 1 ? 'once' : `${doubts} times`}`;
  const by = relay === undefined ? '' : ` by ${relay}`;
  const when = ` at ${new Date(at).toISOString()}`;
  return `${status}${by}${when}${doubt}${said === '' ? '' : `: ${said}${where}`}`;
}

function moment(at: number, now: number): string {
  const away = at > now ? `in ${describeDuration(at - now)}` : 'due';
  return `${new Date(at).toISOString()} (${away})`;
}
