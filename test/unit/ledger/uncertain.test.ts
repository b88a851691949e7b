import { describe, expect, it } from 'vitest';
import { crashed } from '../../../lib/ledger/crashes.ts';
import type { RecipientOutcome } from '../../../lib/ledger/facts.ts';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import { failPending, settle } from '../../../lib/ledger/transitions.ts';
import { lostAfterTheDot, unknownUser } from '../../support/delivery/answers.ts';
import { ada, bob, claimed, context, facts, leaseMs, noon, rejectedBy } from '../../support/ledger/items.ts';

const two = facts({ recipients: [ada, bob] });
const refusal = rejectedBy('primary', unknownUser);
const doubt: RecipientOutcome = { status: 'pending', relay: 'primary', failure: lostAfterTheDot, doubts: 1 };

function settledWith(item: LedgerItem, outcomes: readonly (readonly [string, RecipientOutcome])[]): LedgerItem {
  const settlement = { outcomes: new Map(outcomes), charged: true, nextAttemptAt: noon };
  return settle(item, two, settlement, context());
}

function reasonFor(item: LedgerItem, address: string): string | undefined {
  return item.deadLetters[item.recipients[address]?.deadLetterId ?? '']?.reason;
}

describe('a recipient who may have the mail', () => {
  it('is dead-lettered as uncertain when a relay refuses him after a doubt, with the refusal as evidence', () => {
    const inDoubt = settledWith(claimed(), [[ada, doubt]]);

    const refused = settledWith(claimed(inDoubt, [ada, bob]), [
      [ada, refusal],
      [bob, refusal],
    ]);

    expect(reasonFor(refused, ada)).toBe('uncertain');
    expect(refused.recipients[ada]).toMatchObject({ status: 'failed', doubts: 1, code: 550, phase: 'rcpt' });
    expect(reasonFor(refused, bob)).toBe('rejected');
  });

  it('is dead-lettered as uncertain when he was in flight in a crash; the others keep their reason', () => {
    const after = crashed(claimed(undefined, [ada]), two, context(noon + leaseMs));

    const refused = settledWith(claimed(after, [ada, bob]), [
      [ada, refusal],
      [bob, refusal],
    ]);

    expect(refused.recipients[ada]).toMatchObject({ crashes: 1 });
    expect(refused.recipients[bob]).not.toHaveProperty('crashes');
    expect([reasonFor(refused, ada), reasonFor(refused, bob)]).toEqual(['uncertain', 'rejected']);
  });

  it('is told why the mail was given up, and what is uncertain', () => {
    const inDoubt = settledWith(claimed(), [[ada, doubt]]);

    const expired = failPending(inDoubt, two, { reason: 'expired', message: 'too late' }, context());

    expect(Object.values(expired.deadLetters)).toMatchObject([
      { reason: 'uncertain', message: expect.stringMatching(/^expired: too late; .* may have arrived$/) },
      { reason: 'expired', message: 'too late' },
    ]);
  });

  it('stays poison after too many crashes: that says it already', () => {
    const last = { ...claimed(undefined, [ada]), crashes: 4 };

    const poison = crashed(last, two, context(noon + leaseMs));

    expect([reasonFor(poison, ada), reasonFor(poison, bob)]).toEqual(['poison', 'poison']);
  });
});
