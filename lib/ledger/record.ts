import type { DeadLetterReason } from '../contracts/dead-letter.ts';
import type { SmtpFailure } from '../outcome/outcome.ts';
import type { RecipientOutcome, RecipientOutcomes, WriteContext } from './facts.ts';
import type { DeadLetterRecord, LedgerItem, RecipientRecord } from './item.ts';

/**
 * Writes outcomes into the recipients' records. Accepted is final: nothing overwrites it. Outcomes that are written again
 * count nothing twice: an attempt of several transactions records the early ones more than once. Failed recipients are
 * gathered into one dead-letter entry per reason, to be written to the dead-letter queue after the ledger. Who may have
 * the mail from an earlier send is dead-lettered as `uncertain`, whatever became of the last one.
 */
export function recordOutcomes(
  item: LedgerItem,
  outcomes: RecipientOutcomes,
  context: WriteContext,
  message?: string,
): LedgerItem {
  const recipients: Record<string, RecipientRecord> = { ...item.recipients };
  const deadLetters: Record<string, DeadLetterRecord> = { ...item.deadLetters };
  for (const [address, outcome] of outcomes) {
    const known = recipients[address];
    if (known?.status === 'accepted') continue;
    const record = recipientRecord(outcome, known, context.now);
    if (outcome.status !== 'failed') {
      recipients[address] = record;
      continue;
    }
    const { reason, why } = honestReason(outcome.reason, record, message);
    const deadLetterId = entryFor(deadLetters, reason, context, why);
    recipients[address] = { ...record, deadLetterId };
  }
  return { ...item, recipients, deadLetters };
}

/** Poison says by itself that sends were cut short. */
function honestReason(
  reason: DeadLetterReason,
  { doubts = 0, crashes = 0 }: RecipientRecord,
  message: string | undefined,
): { readonly reason: DeadLetterReason; readonly why: string | undefined } {
  if (reason === 'uncertain' || reason === 'poison' || doubts + crashes === 0) return { reason, why: message };
  const last = message === undefined ? reason : `${reason}: ${message}`;
  return { reason: 'uncertain', why: `${last}; an earlier send ended without an answer, so the mail may have arrived` };
}

function recipientRecord(outcome: RecipientOutcome, known: RecipientRecord | undefined, at: number): RecipientRecord {
  const doubts = Math.max(known?.doubts ?? 0, outcome.status === 'accepted' ? 0 : (outcome.doubts ?? 0));
  const common = {
    status: outcome.status,
    at,
    ...(outcome.relay === undefined ? {} : { relay: outcome.relay }),
    ...(doubts === 0 ? {} : { doubts }),
    ...(known?.crashes === undefined ? {} : { crashes: known.crashes }),
  };
  if (outcome.status === 'accepted') {
    const { code, enhancedCode, text } = outcome.reply;
    return { ...common, code, text, ...(enhancedCode === undefined ? {} : { enhancedCode }) };
  }
  if (outcome.failure !== undefined) return { ...common, triedAt: at, ...evidence(outcome.failure) };
  // A failure without evidence of its own (expired, exhausted) keeps the last reply: it tells why there was a wait.
  return known === undefined ? common : { ...known, ...common };
}

function evidence({ phase, reply, error }: SmtpFailure): Partial<RecipientRecord> {
  if (reply === undefined) return { phase, text: error.message };
  const { code, enhancedCode, text } = reply;
  return { phase, code, text, ...(enhancedCode === undefined ? {} : { enhancedCode }) };
}

/** The pending entry of that reason, made when there is none. */
function entryFor(
  deadLetters: Record<string, DeadLetterRecord>,
  reason: DeadLetterReason,
  { now, newId }: WriteContext,
  message: string | undefined,
): string {
  const open = Object.entries(deadLetters).find(([, record]) => record.pending && record.reason === reason);
  if (open !== undefined) return open[0];
  const id = newId();
  deadLetters[id] = { reason, pending: true, failedAt: now, ...(message === undefined ? {} : { message }) };
  return id;
}
