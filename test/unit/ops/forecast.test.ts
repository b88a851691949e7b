import { describe, expect, it } from 'vitest';
import type { LedgerItem, RecipientRecord } from '../../../lib/ledger/item.ts';
import { describeForecast, forecast } from '../../../ops/dlq/forecast.ts';
import { readBody } from '../../../ops/dlq/read-body.ts';
import { body, entryOf } from './factories.ts';

const now = Date.parse('2026-01-03T00:00:00Z');

const accepted: RecipientRecord = { status: 'accepted', at: now, relay: 'primary' };
const failed: RecipientRecord = { status: 'failed', at: now, relay: 'primary', deadLetterId: 'letter-1' };

function itemOf(overrides: Partial<LedgerItem> = {}): LedgerItem {
  const { read } = readBody(body, { messageId: 'any' });
  if (!read.ok) throw new Error('the body must be readable');
  return {
    key: 'key-1',
    writeId: 'w',
    payloadHash: read.mail.payloadHash,
    state: 'settled',
    recipients: { 'ada@example.org': accepted, 'bob@example.net': failed },
    attempts: 1,
    crashes: 0,
    firstSeenAt: 0,
    deadLetters: { 'letter-1': { reason: 'rejected', pending: false, failedAt: now } },
    changedAt: now,
    ttl: now / 1000 + 1000,
    ...overrides,
  };
}

describe('what a redrive would do', () => {
  it('sends to the recipients of the entry, and not to those that have the mail', () => {
    const outlook = forecast(entryOf(), itemOf(), now);
    expect(outlook).toEqual({ kind: 'send', to: ['bob@example.net'], doubtful: [], known: true });
    expect(describeForecast(outlook)).toBe('sent to bob@example.net');
  });

  it('is dropped when the same entry was redriven before', () => {
    expect(forecast(entryOf(), itemOf({ deadLetters: {} }), now)).toEqual({ kind: 'duplicate' });
  });

  it('sends to everybody when the ledger has no record, and says so', () => {
    for (const stored of [undefined, itemOf({ ttl: now / 1000 })]) {
      const outlook = forecast(entryOf(), stored, now);
      expect(outlook).toMatchObject({ kind: 'send', to: ['ada@example.org', 'bob@example.net'], known: false });
      expect(describeForecast(outlook)).toContain('no record');
    }
  });

  it('warns where the mail may have arrived', () => {
    const item = itemOf({ recipients: { 'ada@example.org': accepted, 'bob@example.net': { ...failed, doubts: 1 } } });
    const outlook = forecast(entryOf({ reason: 'uncertain' }), item, now);
    expect(outlook).toMatchObject({ kind: 'send', doubtful: ['bob@example.net'] });
    expect(describeForecast(outlook)).toContain('may arrive twice at bob@example.net');
  });

  it('warns of a mail that was given up as poison: each send that was cut short may have arrived', () => {
    const item = itemOf({
      recipients: { 'ada@example.org': accepted, 'bob@example.net': { ...failed, crashes: 5 } },
      deadLetters: { 'letter-1': { reason: 'poison', pending: false, failedAt: now } },
    });
    const outlook = forecast(entryOf({ reason: 'poison' }), item, now);
    expect(outlook).toMatchObject({ kind: 'send', doubtful: ['bob@example.net'] });
    expect(describeForecast(outlook)).toContain('may arrive twice at bob@example.net');
  });

  it('warns of what SQS moved in the middle of a send, for those that were in flight', () => {
    const lease = { owner: 'o', endsAt: now - 1, relay: 'primary', inFlight: ['bob@example.net'] };
    const cutShort = itemOf({ state: 'sending', lease, recipients: {}, deadLetters: {} });
    const entry = entryOf({ reason: undefined, deadLetterId: undefined });
    expect(forecast(entry, cutShort, now)).toMatchObject({
      kind: 'send',
      to: ['ada@example.org', 'bob@example.net'],
      doubtful: ['bob@example.net'],
    });
  });

  it('is refused again where a mail on hold was cut short', () => {
    const lease = { owner: 'o', endsAt: now - 1, relay: 'primary', inFlight: ['bob@example.net'] };
    const onHold = JSON.stringify({ ...JSON.parse(body), onUncertain: 'hold' });
    const cutShort = itemOf({ state: 'sending', lease, recipients: { 'ada@example.org': accepted }, deadLetters: {} });
    const entry = entryOf({ reason: undefined, deadLetterId: undefined }, { Body: onHold });
    expect(forecast(entry, cutShort, now)).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('uncertain: the sender stopped'),
    });
  });

  it('goes on with what SQS moved, for those that are pending', () => {
    const stuck = itemOf({
      state: 'waiting',
      recipients: { 'ada@example.org': accepted },
      deadLetters: {},
      nextAttemptAt: now,
    });
    const entry = entryOf({ reason: undefined, deadLetterId: undefined });
    expect(forecast(entry, stuck, now)).toMatchObject({ kind: 'send', to: ['bob@example.net'] });
  });

  it('waits for another copy that is on its way', () => {
    const lease = { owner: 'o', endsAt: now + 1000, relay: 'primary', inFlight: ['bob@example.net'] };
    const sending = itemOf({ state: 'sending', lease, recipients: { 'ada@example.org': accepted } });
    expect(forecast(entryOf(), sending, now)).toEqual({
      kind: 'on-its-way',
      to: ['bob@example.net'],
      inFlight: ['bob@example.net'],
      until: now + 1000,
    });
  });

  it('is refused again: another content, an expiry, a broken contract', () => {
    expect(forecast(entryOf(), itemOf({ payloadHash: 'other' }), now)).toMatchObject({ kind: 'refused' });
    const expired = JSON.stringify({ ...JSON.parse(body), expiresAt: '2026-01-02T00:00:00Z' });
    expect(forecast(entryOf({}, { Body: expired }), itemOf(), now)).toMatchObject({
      kind: 'refused',
      why: 'the mail expired at 2026-01-02T00:00:00.000Z',
    });
    const broken = JSON.stringify({ ...JSON.parse(body), sbuject: 'x' });
    expect(forecast(entryOf({}, { Body: broken }), undefined, now)).toMatchObject({
      why: expect.stringContaining('sbuject'),
    });
  });

  it('gives a lifetime that is counted from the redrive', () => {
    const short = JSON.stringify({ ...JSON.parse(body), expiresInSeconds: 60 });
    expect(forecast(entryOf({}, { Body: short }), itemOf(), now)).toMatchObject({ kind: 'send' });
  });
});
