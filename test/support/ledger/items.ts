import type { MailFacts, RecipientOutcome, WriteContext } from '../../../lib/ledger/facts.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { newItem } from '../../../lib/ledger/stamp.ts';
import { claim } from '../../../lib/ledger/transitions.ts';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';

export const noon = Date.parse('2026-01-01T12:00:00Z');
export const ada = 'ada@example.org';
export const bob = 'bob@example.net';
export const eve = 'eve@example.com';

export function facts(overrides: Partial<MailFacts> = {}): MailFacts {
  return {
    key: 'order-1',
    payloadHash: 'f'.repeat(64),
    recipients: [ada, bob, eve],
    onUncertain: 'resend',
    enqueuedAt: noon - 60_000,
    ...overrides,
  };
}

let lastId = 0;

/** A moment, and ids that never come twice. */
export function context(now: number = noon): WriteContext {
  return {
    now,
    newId: () => {
      lastId += 1;
      return `id-${lastId}`;
    },
  };
}

export function fresh(overrides: Partial<MailFacts> = {}): LedgerItem {
  return newItem(facts(overrides), context());
}

export const leaseMs = 190_000;

export function claimed(item: LedgerItem = fresh(), inFlight: readonly string[] = [ada, bob, eve]): LedgerItem {
  return claim(item, { owner: 'owner-1', endsAt: noon + leaseMs, relay: 'primary', inFlight }, context());
}

export function acceptedBy(relay: string): RecipientOutcome {
  return { status: 'accepted', relay, reply: { code: 250, text: 'queued as 4711' } };
}

export function rejectedBy(relay: string, failure: SmtpFailure): RecipientOutcome {
  return { status: 'failed', reason: 'rejected', relay, failure };
}
