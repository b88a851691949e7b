import { describe, expect, it } from 'vitest';
import type { Disposition } from '../../../lib/delivery/ports.ts';
import { measureOldest } from '../../../lib/telemetry/delivery-metrics.ts';

const now = 1_000_000;
const put = (ageMs: number, disposition: Disposition) => ({
  received: { messageId: 'm', receiptHandle: 'r', body: '', receives: 1, sentAt: now - ageMs },
  disposition,
});

function oldestOf(disposed: Parameters<typeof measureOldest>[0]): readonly number[] {
  const recorded: number[] = [];
  measureOldest(disposed, now, {
    record: (name, value) => recorded.push(name === 'OldestUndeliveredAge' ? value : -1),
  });
  return recorded;
}

describe('age of the oldest undelivered mail', () => {
  it('is that of the oldest one put back, in seconds', () => {
    const disposed = [put(90_000, { kind: 'return' }), put(7_200_000, { kind: 'return', visibleAt: now })];

    expect(oldestOf(disposed)).toEqual([7200]);
  });

  it('is not told of mail that is done with', () => {
    expect(oldestOf([put(90_000, { kind: 'delete' })])).toEqual([]);
    expect(oldestOf([])).toEqual([]);
  });
});
