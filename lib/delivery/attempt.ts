import { readBounce } from '../bounce/read-bounce.ts';
import type { Mail } from '../intake/mail.ts';
import { doubtsOf, type MailFacts, pendingRecipients, type WriteContext } from '../ledger/facts.ts';
import type { LedgerItem } from '../ledger/item.ts';
import { advance, claim } from '../ledger/transitions.ts';
import { commit } from './commit.ts';
import { writeContext } from './delivery.ts';
import type { DeliveryEventBody } from './events.ts';
import { lastBegin, openSession, type TransactInput } from './open-session.ts';
import type { Candidates, DeliveryPorts, InvocationBounds } from './ports.ts';
import { conclude, nextTransaction, type Progress, startProgress, takeResult } from './progress.ts';
import { transact } from './transact.ts';

export interface AttemptInput {
  readonly mail: Mail;
  readonly facts: MailFacts;
  /** What is stored, and how it must stand before the claim; the two differ after a crash or a redrive. */
  readonly stored: LedgerItem | undefined;
  readonly opened: LedgerItem;
  readonly bounds: InvocationBounds;
  readonly message: Buffer;
  readonly report: (event: DeliveryEventBody) => void;
}

export type AttemptEnd =
  /** Somebody else took the mail before we did. Nothing was sent. */
  | { readonly kind: 'conflict'; readonly current: LedgerItem | undefined }
  /** The claim could not be written. Nothing was sent: nothing is ever sent unclaimed. */
  | { readonly kind: 'unclaimed'; readonly error: unknown }
  | {
      readonly kind: 'ended';
      /** The item as last written; undefined when no relay was reached and so nothing was claimed. */
      readonly claimed: LedgerItem | undefined;
      readonly progress: Progress;
      readonly outOfTime: boolean;
      /** Some relay takes mail of this sender, now or later. */
      readonly routable: boolean;
      readonly reopensAt?: number;
    };

type Begun = { readonly kind: 'go'; readonly item: LedgerItem } | AttemptEnd | { readonly kind: 'stop' };

/**
 * Tries to deliver to every pending recipient, relay after relay. The session stands before the claim is written, and the
 * claim before the first byte of the mail leaves: so a relay that is down costs no write, and a crash is always recorded.
 */
export async function attempt(input: AttemptInput, ports: DeliveryPorts): Promise<AttemptEnd> {
  const { mail, facts, opened, bounds, report } = input;
  const affinity =
    opened.lastRelay === undefined ? undefined : { relay: opened.lastRelay, stay: opened.stayOnRelay ?? false };
  const carrier = { mail: facts.key, leaseEndsAt: bounds.leaseEndsAt };
  const choose = (): Promise<Candidates> =>
    ports.relays.candidates(senderDomain(mail), affinity, carrier, bounceRelay(mail, ports));
  let candidates = await choose();
  const progress = startProgress(pendingRecipients(opened, facts.recipients));
  const context = writeContext(ports);
  const transaction: TransactInput = { mail, progress, bounds, report };
  const outOfTime = (): boolean => ports.clock.now() >= lastBegin(bounds, ports);
  let claimed: LedgerItem | undefined;
  for (;;) {
    const next = nextTransaction(progress, candidates.relays);
    if (next === undefined) break;
    if (outOfTime()) return ended(claimed, progress, candidates, true);
    const { relay } = next.candidate;
    const choosingSince = ports.clock.now();
    const open = await openSession(next, transaction, ports);
    if (open === 'withdrawn') candidates = await choose();
    if (open === 'withdrawn' || open === undefined) continue;
    if (outOfTime()) {
      open.session.release();
      return ended(claimed, progress, candidates, true);
    }
    const claimingSince = ports.clock.now();
    report({ type: 'step', step: 'choose', durationMs: claimingSince - choosingSince });
    const begun = await begin(input, claimed, progress, relay, next.recipients, context, ports);
    report({ type: 'step', step: 'claim', durationMs: ports.clock.now() - claimingSince });
    if (begun.kind !== 'go') {
      open.session.release();
      if (begun.kind !== 'stop') return begun;
      break;
    }
    const first = claimed === undefined && opened.attempts === 0;
    if (first) report({ type: 'first-attempt', waitedMs: claimingSince - facts.enqueuedAt });
    claimed = begun.item;
    const { result, failed } = await transact(open, input.message, next.recipients, transaction, ports);
    takeResult(progress, relay, next.recipients, result, failed, {
      onUncertain: facts.onUncertain,
      doubts: (address) => doubtsOf(opened, address),
    });
  }
  return ended(claimed, progress, candidates, wasCutShort(progress));
}

/** True when no relay got a fair chance to take the mail. Beside one that is down, a busy one is waited for like it. */
function wasCutShort({ faulted }: Progress): boolean {
  return faulted.size > 0 && [...faulted.values()].every(({ error }) => error?.kind === 'deadline');
}

/**
 * The write before the bytes: the claim before the first transaction; before each further one what is known so far, and
 * who is next. When that further write fails, the attempt stops with what it has.
 */
async function begin(
  { stored, opened, bounds }: AttemptInput,
  claimed: LedgerItem | undefined,
  progress: Progress,
  relay: string,
  inFlight: readonly string[],
  context: WriteContext,
  ports: DeliveryPorts,
): Promise<Begun> {
  if (claimed === undefined) {
    const lease = { owner: ports.newId(), endsAt: bounds.leaseEndsAt, relay, inFlight };
    const item = claim(opened, lease, context);
    try {
      const result = await ports.ledger.write(item, stored, lastBegin(bounds, ports));
      return result.written ? { kind: 'go', item } : { kind: 'conflict', current: result.current };
    } catch (error) {
      return { kind: 'unclaimed', error };
    }
  }
  const owner = claimed.lease?.owner;
  const mine = (standing: LedgerItem | undefined): LedgerItem | undefined => {
    if (standing === undefined || standing.lease?.owner !== owner) return undefined;
    // An earlier owner recorded late that they have the mail: these recipients must not be sent to.
    if (inFlight.some((address) => standing.recipients[address]?.status === 'accepted')) return undefined;
    return advance(standing, progress.outcomes, { relay, inFlight }, context);
  };
  const result = await commit(ports, claimed, mine, Math.min(bounds.sendDeadline, ports.clock.now() + 2000));
  return result.kind === 'written' ? { kind: 'go', item: result.item } : { kind: 'stop' };
}

function ended(
  claimed: LedgerItem | undefined,
  progress: Progress,
  candidates: Candidates,
  outOfTime: boolean,
): AttemptEnd {
  conclude(progress, candidates.eligible);
  const { reopensAt, eligible } = candidates;
  const routable = eligible.length > 0;
  return { kind: 'ended', claimed, progress, outOfTime, routable, ...(reopensAt === undefined ? {} : { reopensAt }) };
}

/** The domain whose relays may send this mail: the envelope sender's, or the author's when the sender is null. */
export function senderDomain(mail: Mail): string | undefined {
  const { envelope, content } = mail;
  const author = content.kind === 'composed' ? content.fields.from.address : '';
  const address = envelope.from === '' ? author : envelope.from;
  const at = address.lastIndexOf('@');
  return at === -1 ? readBounce(mail)?.authorDomain : address.slice(at + 1).toLowerCase();
}

/** The relay that the stage names for bounces, if this is one and it names one: others may refuse the null sender. */
function bounceRelay(mail: Mail, { bounces }: DeliveryPorts): string | undefined {
  const named = bounces?.settings.relay;
  return named === undefined || readBounce(mail) === undefined ? undefined : named;
}
