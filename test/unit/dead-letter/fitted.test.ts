import { describe, expect, it } from 'vitest';
import { fitted } from '../../../lib/dead-letter/sqs-queue.ts';

const limit = 1024 * 1024;
const attributes = {
  reason: 'malformed',
  detail: 'd'.repeat(10_000),
  idempotencyKey: 'k'.repeat(256),
  deadLetterId: '0'.repeat(32),
  attempts: '0',
  firstSeenAt: '2026-01-01T12:00:00.000Z',
  failedAt: '2026-01-01T12:00:00.000Z',
  sourceMessageId: 'message-1',
} as const;

function sizeOf(given: Readonly<Record<string, string>>): number {
  return Object.entries(given).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + 6 + Buffer.byteLength(value),
    0,
  );
}

function kept(bodyBytes: number): readonly string[] {
  const found = fitted({ body: 'x'.repeat(bodyBytes), attributes });
  expect(bodyBytes + sizeOf(found)).toBeLessThanOrEqual(limit);
  return Object.keys(found);
}

describe('attributes beside a large body', () => {
  it('all fit beside the largest body that the contract allows', () => {
    expect(fitted({ body: 'x'.repeat(960 * 1024), attributes })).toEqual(attributes);
  });

  it('all fit to the very byte, and the detail goes first', () => {
    const room = limit - sizeOf(attributes);

    expect(kept(room)).toEqual(Object.keys(attributes));
    expect(kept(room + 1)).toEqual(Object.keys(attributes).filter((name) => name !== 'detail'));
  });

  it('that make a redrive safe and say why go last', () => {
    const { reason, deadLetterId, idempotencyKey } = attributes;
    const essential = { reason, deadLetterId, idempotencyKey };

    expect(kept(limit - sizeOf(essential)).toSorted()).toEqual(Object.keys(essential).toSorted());
    expect(kept(limit - sizeOf({ reason }))).toEqual(['reason']);
  });

  it('are all given up before the entry is', () => {
    expect(kept(limit)).toEqual([]);
  });

  it('are counted in bytes', () => {
    const body = '€'.repeat((limit - 900) / 3);

    expect(Object.keys(fitted({ body, attributes }))).not.toContain('detail');
  });

  it('that are empty are left out: SQS refuses them', () => {
    expect(fitted({ body: '{}', attributes: { reason: 'malformed', detail: '' } })).toEqual({ reason: 'malformed' });
  });
});
