import type { RecipientOutcome } from '../ledger/facts.ts';
import type { Classification, SmtpFailure } from '../outcome/outcome.ts';
import type { TransactionResult } from '../smtp/transport.ts';
import type { FailedAttempt } from './events.ts';
import type { Candidate } from './ports.ts';

/** What one attempt knows so far. Lives for one attempt; the ledger keeps what must survive. */
export interface Progress {
  /** Recipients of this attempt, in the mail's order. */
  readonly recipients: readonly string[];
  /** Concluded for this attempt: accepted, failed, or pending for a later attempt. */
  readonly outcomes: Map<string, RecipientOutcome>;
  /** Relays that answered, and refused this recipient in a way another relay may not. */
  readonly refusals: Map<string, Refusal[]>;
  /** Relays that are no use for the rest of this attempt. */
  readonly faulted: Map<string, SmtpFailure>;
  /** True when a relay answered about the mail, or its answer is in doubt. */
  charged: boolean;
  /** The relay that asked to be tried again, or whose answer is in doubt. */
  stayOn?: string;
}

interface Refusal {
  readonly relay: string;
  readonly failure: SmtpFailure;
  readonly permanent: boolean;
}

export interface UncertainPolicy {
  readonly onUncertain: 'resend' | 'hold';
  /** Earlier sends to this recipient whose outcome stayed unknown. */
  readonly doubts: (address: string) => number;
}

export function startProgress(recipients: readonly string[]): Progress {
  return { recipients, outcomes: new Map(), refusals: new Map(), faulted: new Map(), charged: false };
}

export interface Turn {
  readonly candidate: Candidate;
  /** The recipients it may be given. */
  readonly recipients: readonly string[];
  /** Relays that the mail can turn to, this one included: they share the time that is left. */
  readonly relays: number;
}

/** The next relay to try. Undefined when there is nobody left, or no relay. */
export function nextTransaction(progress: Progress, candidates: readonly Candidate[]): Turn | undefined {
  const able = candidates.filter(({ relay }) => !progress.faulted.has(relay));
  for (const candidate of able) {
    const recipients = openRecipients(progress).filter((address) => !hasRefused(progress, address, candidate.relay));
    if (recipients.length === 0) continue;
    return { candidate, recipients: recipients.slice(0, candidate.maxRecipients), relays: able.length };
  }
  return undefined;
}

function openRecipients(progress: Progress): readonly string[] {
  return progress.recipients.filter((address) => !progress.outcomes.has(address));
}

function hasRefused(progress: Progress, address: string, relay: string): boolean {
  return progress.refusals.get(address)?.some((refusal) => refusal.relay === relay) ?? false;
}

/** Takes in one transaction's result. Every recipient is concluded, or the relay is out for it. */
export function takeResult(
  progress: Progress,
  relay: string,
  sent: readonly string[],
  result: TransactionResult,
  failed: readonly FailedAttempt[],
  policy: UncertainPolicy,
): void {
  for (const { address, reply } of result.accepted) {
    progress.charged = true;
    progress.outcomes.set(address, { status: 'accepted', relay, reply });
  }
  for (const { address, failure, classification } of failed) {
    takeFailure(progress, relay, address, failure, classification, policy);
  }
  // A result that leaves somebody out must not make the loop ask the same relay for ever.
  const open = sent.some((address) => !progress.outcomes.has(address) && !hasRefused(progress, address, relay));
  if (open && !progress.faulted.has(relay)) {
    const error = { kind: 'protocol', message: 'the transaction ended without a result for every recipient' } as const;
    progress.faulted.set(relay, { phase: 'data', reused: false, error });
  }
}

function takeFailure(
  progress: Progress,
  relay: string,
  address: string,
  failure: SmtpFailure,
  { scope, permanent, trait }: Classification,
  policy: UncertainPolicy,
): void {
  if (scope === 'relay' || scope === 'throttle' || scope === 'session') {
    progress.faulted.set(relay, failure);
    return;
  }
  progress.charged = true;
  if (scope === 'sender' || trait === 'size') {
    const refusals = progress.refusals.get(address) ?? [];
    progress.refusals.set(address, [...refusals, { relay, failure, permanent }]);
    return;
  }
  if (scope === 'uncertain') {
    progress.faulted.set(relay, failure);
    takeDoubt(progress, relay, address, failure, policy);
    return;
  }
  if (permanent) {
    progress.outcomes.set(address, { status: 'failed', reason: 'rejected', relay, failure });
    return;
  }
  if (scope === 'recipient') progress.stayOn = relay;
  progress.outcomes.set(address, { status: 'pending', relay, failure });
}

/** After the final dot nobody knows: at most one resend, or none, as the mail's policy says. */
function takeDoubt(
  progress: Progress,
  relay: string,
  address: string,
  failure: SmtpFailure,
  policy: UncertainPolicy,
): void {
  const earlier = policy.doubts(address);
  const doubtful = { relay, failure, doubts: earlier + 1 } as const;
  if (policy.onUncertain === 'hold' || earlier > 0) {
    progress.outcomes.set(address, { status: 'failed', reason: 'uncertain', ...doubtful });
    return;
  }
  progress.stayOn = relay;
  progress.outcomes.set(address, { status: 'pending', ...doubtful });
}

/**
 * Concludes whoever is left: refused by every relay that may send the mail → rejected; otherwise some relay was out of
 * reach, and the recipient waits for it.
 */
export function conclude(progress: Progress, eligible: readonly string[]): void {
  for (const address of openRecipients(progress)) {
    const refusals = progress.refusals.get(address) ?? [];
    const last = refusals.at(-1);
    const refusedByAll =
      eligible.length > 0 && eligible.every((relay) => refusals.some((one) => one.relay === relay && one.permanent));
    if (last !== undefined && refusedByAll) {
      const { relay, failure } = last;
      progress.outcomes.set(address, { status: 'failed', reason: 'rejected', relay, failure });
      continue;
    }
    const [fault] = [...progress.faulted].slice(-1).map(([relay, failure]) => ({ relay, failure }));
    const evidence = last === undefined ? fault : { relay: last.relay, failure: last.failure };
    progress.outcomes.set(address, { status: 'pending', ...evidence });
  }
}
