import { describe, expect, it } from 'vitest';
import { matches } from '../../../ops/dlq/filter.ts';
import { entryOf, failedAt, filterOf } from './factories.ts';

const hour = 3_600_000;
const now = Date.parse(failedAt) + 2 * hour;

const twoRecipients = entryOf({
  detail: JSON.stringify({
    recipients: [
      { address: 'bob@example.net', relay: 'primary', code: 550, enhancedCode: '5.1.1' },
      { address: 'eve@example.org', relay: 'fallback', code: 552, enhancedCode: '5.2.2' },
    ],
  }),
});

describe('a filter', () => {
  it.each([
    ['nothing', {}, true],
    ['the id', { ids: ['letter-1'] }, true],
    ['the SQS message id', { ids: ['sqs-id'] }, true],
    ['part of the id', { ids: ['letter'] }, false],
    ['one of two reasons', { reasons: ['expired', 'rejected'] }, true],
    ['another reason', { reasons: ['expired'] }, false],
    ['the key', { keys: ['key-1'] }, true],
    ['another key', { keys: ['key-2'] }, false],
    ['the code', { codes: ['550'] }, true],
    ['another code', { codes: ['551'] }, false],
    ['the enhanced code', { codes: ['5.1.1'] }, true],
    ['the beginning of the enhanced code', { codes: ['5.1'] }, true],
    ['an enhanced code that only looks like a beginning', { codes: ['5.1.10', '5.2.20'] }, false],
    ['the relay', { relays: ['fallback'] }, true],
    ['another relay', { relays: ['third'] }, false],
    ['the domain', { domains: ['example.net'] }, true],
    ['a parent domain', { domains: ['net'] }, false],
    ['code and relay of one recipient', { codes: ['550'], relays: ['primary'] }, true],
    ['code and relay of two recipients', { codes: ['550'], relays: ['fallback'] }, false],
    ['a younger age limit', { olderThan: hour }, true],
    ['the same age', { olderThan: 2 * hour }, false],
    ['an older age limit', { newerThan: 3 * hour }, true],
    ['an age limit that has passed', { newerThan: hour }, false],
    ['reason but not key', { reasons: ['rejected'], keys: ['key-2'] }, false],
  ])('that asks for %s: %o → %s', (_, filter, expected) => {
    expect(matches(twoRecipients, filterOf(filter), now)).toBe(expected);
  });

  it('finds everybody of a message whose entry names nobody', () => {
    const malformed = entryOf({ reason: 'key-conflict', detail: '{"message":"taken in before"}' });
    expect(matches(malformed, filterOf({ domains: ['example.org'] }), now)).toBe(true);
  });

  it('finds recipients that were left out of a detail that was too long', () => {
    const cut = entryOf({ detail: JSON.stringify({ recipients: [{ address: 'bob@example.net' }], truncated: 1 }) });
    expect(matches(cut, filterOf({ domains: ['example.org'] }), now)).toBe(true);
  });

  it('does not find those that were accepted', () => {
    expect(matches(entryOf(), filterOf({ domains: ['example.org'] }), now)).toBe(false);
  });
});
