import { describe, expect, it } from 'vitest';
import { succeededMessages } from '../../../local/platform/batch-response.ts';
import type { InvocationResult } from '../../../local/platform/invocation.ts';

const batch = ['a', 'b', 'c'];
const answered = (response: unknown): InvocationResult => ({ ok: true, payload: JSON.stringify(response) });
const failed: InvocationResult = { ok: false, kind: 'error', message: 'x' };
const failures = (...identifiers: unknown[]) => ({
  batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })),
});

describe('with ReportBatchItemFailures', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['null', null, batch],
    ['an empty response', {}, batch],
    ['a null list', { batchItemFailures: null }, batch],
    ['an empty list', failures(), batch],
    ['one failure', failures('b'), ['a', 'c']],
    ['the same failure twice', failures('b', 'b'), ['a', 'c']],
    ['all failures', failures('c', 'b', 'a'), []],
    ['an empty identifier', failures(''), []],
    ['a null identifier', failures('a', null), []],
    ['an unknown identifier', failures('a', 'z'), []],
    ['a wrong key', { batchItemFailures: [{ messageId: 'a' }] }, []],
    ['a list of strings', { batchItemFailures: ['a'] }, []],
    ['something that is no list', { batchItemFailures: 'a' }, []],
    ['a string', 'fine', []],
  ])('%s', (_, response, succeeded) => {
    expect(succeededMessages(batch, answered(response), true)).toEqual(succeeded);
  });

  it('a response that is not JSON', () => {
    expect(succeededMessages(batch, { ok: true, payload: 'undefined' }, true)).toEqual([]);
  });

  it('a failed invocation', () => {
    expect(succeededMessages(batch, failed, true)).toEqual([]);
  });
});

describe('without', () => {
  it('the response does not matter', () => {
    expect(succeededMessages(batch, answered(failures('a')), false)).toEqual(batch);
    expect(succeededMessages(batch, failed, false)).toEqual([]);
  });
});
