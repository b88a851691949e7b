import { describe, expect, it } from 'vitest';
import type { LedgerItem } from '../../../lib/ledger/item.ts';
import type { DeadLetterView } from '../../../local/commands/dead-letters.ts';
import { type Followed, follow } from '../../../local/commands/follow.ts';

const now = Date.now();
const settled: LedgerItem = {
  key: 'k',
  writeId: '2',
  payloadHash: 'h',
  state: 'settled',
  recipients: { 'a@x.example': { status: 'accepted', at: now, relay: 'primary', code: 250, text: 'Ok' } },
  attempts: 1,
  crashes: 0,
  firstSeenAt: now,
  deadLetters: {},
  changedAt: now,
  ttl: now / 1000 + 1000,
};
const sending: LedgerItem = {
  ...settled,
  writeId: '1',
  state: 'sending',
  recipients: {},
  lease: { owner: 'o', endsAt: now + 1000, relay: 'primary', inFlight: ['a@x.example'] },
};
const entry: DeadLetterView = {
  reason: 'malformed',
  detail: { message: 'is not JSON' },
  key: 'k',
  sourceMessageId: 'm',
};

/** Follows a mail through what each look at the ledger and the dead-letter queue shows; the last look repeats. */
async function run(mail: Partial<Followed>, looks: (LedgerItem | undefined)[], entries: DeadLetterView[] = []) {
  const steps: string[] = [];
  let look = 0;
  const result = await follow(
    { key: 'k', messageId: 'm', payloadHash: 'h', ...mail },
    { ledger: { read: async () => looks[Math.min(look++, looks.length - 1)] }, deadLetters: async () => entries },
    { timeoutMs: 100, pollMs: 1, print: (step) => steps.push(step) },
  );
  return { result, steps };
}

describe('following a message', () => {
  it('ends when everybody accepted it', async () => {
    const { result, steps } = await run({}, [undefined, sending, settled]);
    expect(result).toBe('delivered');
    expect(steps).toEqual(['Sending through primary to a@x.example', 'Accepted by primary for a@x.example: 250 Ok']);
  });

  it('finds what never reached the ledger in the dead-letter queue', async () => {
    const { result, steps } = await run({}, [undefined], [{ ...entry, sourceMessageId: 'other' }, entry]);
    expect(result).toBe('failed');
    expect(steps).toEqual(['In the dead-letter queue: malformed', '  is not JSON']);
  });

  it('knows a duplicate by what the ledger held before', async () => {
    const { result, steps } = await run({ before: settled }, [settled]);
    expect(result).toBe('delivered');
    expect(steps[0]).toMatch(/^A duplicate/);
  });

  it('does not take another mail of the same key for this one', async () => {
    const conflict = { ...entry, reason: 'key-conflict' };
    const { result, steps } = await run({ before: settled, payloadHash: 'other' }, [settled], [conflict]);
    expect(result).toBe('failed');
    expect(steps[0]).toBe('In the dead-letter queue: key-conflict');
  });

  it('carries on with a mail of the same key that is under way', async () => {
    const { result } = await run({ before: sending }, [sending, settled]);
    expect(result).toBe('delivered');
  });

  it('gives up in time', async () => {
    expect((await run({}, [sending])).result).toBe('unknown');
  });
});
