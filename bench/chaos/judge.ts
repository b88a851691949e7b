import type { LedgerItem, RecipientRecord } from '../../lib/ledger/item.ts';
import type { DeadLetter, Evidence } from './evidence.ts';
import type { ChaosMail } from './workload.ts';

/** What a run showed. It is right when `violations` is empty. */
export interface Judgement {
  readonly violations: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Doubts of one recipient after which nothing is sent any more: a mail is resent once at most, or not at all. */
const mostDoubts = { resend: 2, hold: 1 } as const;

interface Bench {
  readonly evidence: Evidence;
  /** By dead-letter id; copies of an entry are one. */
  readonly entries: ReadonlyMap<string, DeadLetter>;
  /** Addresses that some entry names. */
  readonly named: ReadonlySet<string>;
  fault(mail: ChaosMail, what: string): void;
  count(what: string, by?: number): void;
}

/**
 * Holds what is left of a run against what was published: every recipient accounted for, nobody both served and
 * dead-lettered unless the dead letter says that it is uncertain, no copy too many without a doubt or a crash in the ledger,
 * and no more copies than the mail's own policy allows.
 */
export function judge(mails: readonly ChaosMail[], evidence: Evidence): Judgement {
  const violations: string[] = [];
  const counts: Record<string, number> = {};
  const entries = new Map(evidence.deadLetters.map((entry) => [entry.deadLetterId, entry]));
  const bench: Bench = {
    evidence,
    entries,
    named: new Set(evidence.deadLetters.flatMap(({ recipients }) => recipients)),
    fault: ({ subject }, what) => violations.push(`${subject}: ${what}`),
    count: (what, by = 1) => {
      counts[what] = (counts[what] ?? 0) + by;
    },
  };
  for (const mail of mails) judgeMail(mail, bench);
  for (const item of evidence.ledger.values()) bench.count('crashes in the ledger', item.crashes);
  violations.push(...strayEntries(mails, evidence, entries));
  if (evidence.queued > 0) violations.push(`${evidence.queued} messages are still in the intake queue`);
  bench.count('dead-letter entries', entries.size);
  bench.count('dead-letter entries repeated', evidence.deadLetters.length - entries.size);
  return { violations, counts };
}

function judgeMail(mail: ChaosMail, bench: Bench): void {
  bench.count('mails');
  bench.count('messages published', mail.copies);
  const item = bench.evidence.ledger.get(mail.key);
  for (const address of mail.recipients) {
    const subjects = bench.evidence.arrivals.get(address) ?? [];
    if (subjects.some((subject) => subject !== mail.subject)) bench.fault(mail, `${address} got somebody else's mail`);
  }
  if (mail.kind === 'malformed') judgeRefused(mail, 'malformed', bench);
  else if (item === undefined) bench.fault(mail, 'lost: it is not in the ledger');
  else if (mail.kind === 'rival' && !mail.recipients.some((address) => address in item.recipients))
    judgeRefused(mail, 'key-conflict', bench);
  else judgeRecipients(mail, item, bench);
}

/** A message that never gets as far as a relay: exactly one entry, however often it was written, and nothing arrives. */
function judgeRefused(mail: ChaosMail, reason: string, bench: Bench): void {
  const own = [...bench.entries.values()].filter(({ body }) => body === mail.body);
  bench.count(`refused as ${reason}`);
  if (own.length !== 1 || own[0]?.reason !== reason) {
    bench.fault(
      mail,
      `${reason} expected, dead-lettered as: ${own.map((entry) => entry.reason).join(', ') || 'nothing'}`,
    );
  }
  if (mail.recipients.some((address) => bench.evidence.arrivals.has(address))) bench.fault(mail, 'sent all the same');
}

function judgeRecipients(mail: ChaosMail, item: LedgerItem, bench: Bench): void {
  if (item.state !== 'settled') bench.fault(mail, `not settled but ${item.state}`);
  for (const address of mail.recipients) {
    bench.count('recipients');
    const record = item.recipients[address];
    const arrived = bench.evidence.arrivals.get(address)?.length ?? 0;
    const doubts = record?.doubts ?? 0;
    bench.count('copies that arrived', arrived);
    bench.count('doubts in the ledger', doubts);
    if (record?.status === 'accepted') judgeAccepted(mail, address, arrived, bench);
    else if (record?.status === 'failed') judgeFailed(mail, item, address, record, arrived, bench);
    else bench.fault(mail, `lost: ${address} is neither accepted nor dead-lettered`);
    const repeats = Math.max(0, arrived - (record?.status === 'accepted' ? 1 : 0));
    bench.count('repeats', Math.max(0, arrived - 1));
    if (doubts > mostDoubts[mail.onUncertain]) bench.fault(mail, `${address} has ${doubts} doubts: resent too often`);
    if (mail.onUncertain === 'hold' && arrived > 1)
      bench.fault(mail, `${address} has ${arrived} copies of a held mail`);
    if (repeats > doubts + item.crashes) {
      bench.fault(mail, `${address} has ${arrived} copies, with ${doubts} doubts and ${item.crashes} crashes counted`);
    }
  }
}

function judgeAccepted(mail: ChaosMail, address: string, arrived: number, bench: Bench): void {
  bench.count('recipients accepted');
  if (mail.kind === 'expired') bench.fault(mail, 'sent although it had expired');
  if (arrived === 0) bench.fault(mail, `${address} is accepted but has nothing`);
  if (bench.named.has(address)) bench.fault(mail, `${address} is both accepted and dead-lettered`);
}

function judgeFailed(
  mail: ChaosMail,
  item: LedgerItem,
  address: string,
  { deadLetterId = '' }: RecipientRecord,
  arrived: number,
  bench: Bench,
): void {
  const owed = item.deadLetters[deadLetterId];
  const reason = owed?.reason ?? 'unknown';
  bench.count(`recipients dead-lettered: ${reason}`);
  if (mail.kind === 'expired' && reason !== 'expired') bench.fault(mail, `expired, but dead-lettered as ${reason}`);
  if (owed === undefined || owed.pending) bench.fault(mail, `the ledger still owes the dead letter of ${address}`);
  const entry = bench.entries.get(deadLetterId);
  if (entry === undefined) bench.fault(mail, `lost: ${address} has no entry in the dead-letter queue`);
  else if (entry.reason !== reason) bench.fault(mail, `dead-lettered as ${entry.reason}, in the ledger ${reason}`);
  else if (!entry.recipients.includes(address)) bench.fault(mail, `its dead letter does not name ${address}`);
  if (arrived > 0 && reason !== 'uncertain')
    bench.fault(mail, `${address} has the mail and is dead-lettered as ${reason}`);
}

/** Entries that nobody can account for: moved by SQS, or of a mail that was never published. */
function strayEntries(
  mails: readonly ChaosMail[],
  { ledger }: Evidence,
  entries: ReadonlyMap<string, DeadLetter>,
): readonly string[] {
  const bodies = new Set(mails.map(({ body }) => body));
  const owed = new Set([...ledger.values()].flatMap(({ deadLetters }) => Object.keys(deadLetters)));
  return [...entries.values()]
    .filter(({ reason, deadLetterId, body }) => {
      const direct = reason === 'malformed' || reason === 'key-conflict';
      return !bodies.has(body) || !(direct || owed.has(deadLetterId));
    })
    .map(({ reason, deadLetterId }) => `a dead letter that nobody owes: ${reason || 'moved by SQS'} ${deadLetterId}`);
}
