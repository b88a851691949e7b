import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ledgerItem } from '../../../lib/ledger/item-schema.ts';
import { claimed } from '../../support/ledger/items.ts';

describe('an item as it stands in the table', () => {
  it('may hold what a newer version wrote', () => {
    expect(v.parse(ledgerItem, { ...claimed(), bounce: { sentAt: 1 } })).toMatchObject({ bounce: { sentAt: 1 } });
  });

  it('keeps what a newer version wrote inside of it', () => {
    const recipients = { 'ada@example.org': { status: 'pending', at: 1, notified: true } };

    expect(v.parse(ledgerItem, { ...claimed(), recipients })).toMatchObject({ recipients });
  });

  it.each([
    ['a state that nobody knows', { state: 'done' }],
    ['no write id', { writeId: undefined }],
    ['a count that is none', { attempts: 'three' }],
    ['a time with fractions', { ttl: 1.5 }],
    ['a recipient whose status nobody knows', { recipients: { 'ada@example.org': { status: 'lost', at: 1 } } }],
    ['a lease without an end', { lease: { owner: 'o', relay: 'primary', inFlight: [] } }],
    ['a dead letter without a reason', { deadLetters: { id: { pending: true, failedAt: 1 } } }],
  ])('is refused with %s', (_name, damage) => {
    expect(v.safeParse(ledgerItem, { ...claimed(), ...damage }).success).toBe(false);
  });
});
