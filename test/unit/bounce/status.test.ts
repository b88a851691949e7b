import { describe, expect, it } from 'vitest';
import { type Action, diagnosticCode, type Evidence, statusCode } from '../../../lib/bounce/status.ts';
import type { RecipientRecord } from '../../../lib/ledger/item.ts';

const record = (rest: Partial<RecipientRecord>): RecipientRecord => ({ status: 'failed', at: 0, ...rest });

describe('the status of a recipient', () => {
  const cases: readonly [Action, Evidence, string][] = [
    ['failed', { record: record({ code: 550, enhancedCode: '5.1.10' }), reason: 'rejected' }, '5.1.10'],
    ['failed', { record: record({ code: 550 }), reason: 'rejected' }, '5.0.0'],
    ['failed', { record: record({ code: 550, enhancedCode: 'garbage' }), reason: 'rejected' }, '5.0.0'],
    ['failed', { record: record({ phase: 'mail', text: 'no SMTPUTF8' }), reason: 'rejected' }, '5.3.3'],
    ['failed', { record: record({ code: 450, enhancedCode: '4.2.2' }), reason: 'retry-exhausted' }, '5.4.7'],
    ['failed', { record: undefined, reason: 'expired' }, '5.4.7'],
    ['failed', { record: record({ phase: 'final-reply' }), reason: 'uncertain' }, '5.4.2'],
    ['failed', { record: record({}), reason: 'not-allowed' }, '5.7.1'],
    ['delayed', { record: record({ code: 450, enhancedCode: '4.2.1' }) }, '4.2.1'],
    ['delayed', { record: record({ code: 550, enhancedCode: '5.7.1' }) }, '4.7.1'],
    ['delayed', { record: record({ phase: 'dns', text: 'timeout' }) }, '4.4.3'],
    ['delayed', { record: record({ phase: 'connect', text: 'refused' }) }, '4.4.1'],
    ['delayed', { record: undefined }, '4.4.0'],
    ['delayed', { record: record({ status: 'pending' }) }, '4.4.0'],
  ];

  it.each(cases)('%s, %j: %s', (action, evidence, status) => {
    expect(statusCode(action, evidence)).toBe(status);
  });
});

describe('the diagnostic code', () => {
  const cases: readonly [Evidence, string | undefined][] = [
    [{ record: record({ code: 550, enhancedCode: '5.1.1', text: 'No' }) }, 'smtp; 550 5.1.1 No'],
    [{ record: record({ code: 550, text: '' }) }, 'smtp; 550'],
    [{ record: record({ phase: 'connect', text: 'refused' }) }, 'x-postroom; connect: refused'],
    [{ record: record({}), reason: 'expired', message: 'too late' }, 'x-postroom; too late'],
    [{ record: record({}), reason: 'poison' }, 'x-postroom; poison'],
    [{ record: undefined }, undefined],
  ];

  it.each([
    ['connect', 'ECONNREFUSED 10.1.2.3:587', 'ECONNREFUSED (address)'],
    ['connect', 'EHOSTUNREACH [fd00::1]:587', 'EHOSTUNREACH (address)'],
    ['connect', 'EHOSTUNREACH fd00:0:0:1::17', 'EHOSTUNREACH (address)'],
    ['dns', 'ENOTFOUND smtp.internal.example.com', 'ENOTFOUND (address)'],
    ['tls', "Host: relay-1.internal. is not in the cert's altnames", "Host: (address). is not in the cert's altnames"],
    ['credentials', 'https://login.example.com/tenant/token answered 500', '(address) answered 500'],
    ['final-reply', 'no answer within 60000 ms', 'no answer within 60000 ms'],
    ['tls', 'ERR_SSL_WRONG_VERSION_NUMBER: wrong version number', 'ERR_SSL_WRONG_VERSION_NUMBER: wrong version number'],
  ])('of an error in %s, "%s", does not tell where our relays stand', (phase, text, told) => {
    expect(diagnosticCode({ record: record({ phase, text }) })).toBe(`x-postroom; ${phase}: ${told}`);
  });

  it('leaves the words of a relay as they are', () => {
    const text = 'see https://example.org/why, client 192.0.2.1';
    expect(diagnosticCode({ record: record({ code: 550, text }) })).toBe(`smtp; 550 ${text}`);
  });

  it.each(cases)('of %j is %s', (evidence, code) => {
    expect(diagnosticCode(evidence)).toBe(code);
  });
});
