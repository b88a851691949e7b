import { expect, it } from 'vitest';
import { networkErrorOf, refusedBy } from '../../../lib/smtp/failure.ts';

const errorWith = (fields: object, message = 'connect to 192.0.2.1 for ada@example.org') =>
  Object.assign(new Error(message), fields);

it.each([
  [{ code: 'ECONNREFUSED' }, 'refused', 'ECONNREFUSED'],
  [{ code: 'ECONNRESET' }, 'closed', 'ECONNRESET'],
  [{ code: 'EPIPE' }, 'closed', 'EPIPE'],
  [{ code: 'ETIMEDOUT' }, 'timeout', 'ETIMEDOUT'],
  [{ code: 'EENVELOPE' }, 'protocol', 'EENVELOPE'],
  [{ code: 'ESOCKET', originalCode: 'EHOSTUNREACH' }, 'refused', 'EHOSTUNREACH'],
  [{ code: 'ESOCKET', originalCode: 'ECONNRESET' }, 'closed', 'ECONNRESET'],
])('%j is %s, and its text is left out', (fields, kind, message) => {
  expect(networkErrorOf(errorWith(fields))).toEqual({ kind, message });
});

it('names the broken rule of TLS in words', () => {
  const error = errorWith({ code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED' }, 'certificate has expired');
  expect(networkErrorOf(error)).toEqual({ kind: 'tls', message: 'CERT_HAS_EXPIRED: certificate has expired' });
  const openssl = errorWith({ code: 'ERR_SSL_WRONG_VERSION_NUMBER', reason: 'wrong version number' }, '40DD:error:…');
  expect(networkErrorOf(openssl).message).toBe('ERR_SSL_WRONG_VERSION_NUMBER: wrong version number');
});

it('never calls a positive reply a refusal', () => {
  const failure = refusedBy('data', { code: 250, text: 'ok' });
  expect(failure).toEqual({
    phase: 'data',
    reused: false,
    error: { kind: 'protocol', message: 'unexpected reply 250' },
  });
});
