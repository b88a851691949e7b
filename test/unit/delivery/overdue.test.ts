import { beforeEach, describe, expect, it } from 'vitest';
import type { BounceInput } from '../../../lib/bounce/publisher.ts';
import { refusedConnection } from '../../support/delivery/answers.ts';
import type { Invocation } from '../../support/delivery/stage.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

const day = 24 * 3600 * 1000;

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

/** Comes back again and again until the queue is empty or that much time has passed. */
async function until(ms: number, ports: Invocation['ports']): Promise<void> {
  const end = stage.world.now + ms;
  while (stage.world.queue.size > 0 && stage.world.now < end) {
    await stage.invoke(ports === undefined ? {} : { ports });
    stage.world.skipToNextVisible();
  }
}

const brokenLedger = {
  ledger: {
    read: () => Promise.reject(new Error('item does not match the schema')),
    write: () => Promise.reject(new Error('item does not match the schema')),
  },
};

describe('a mail whose handling ends in an error every time', () => {
  it('waits as long as it could still be delivered', async () => {
    stage.publish(mail());

    await until(5 * day, brokenLedger);

    expect(stage.world.queue.size).toBe(1);
    expect(stage.world.deadLetters).toEqual([]);
  });

  it('goes to the dead-letter queue with the error before SQS deletes it', async () => {
    stage.publish(mail());

    await until(13 * day, brokenLedger);

    expect(stage.world.queue.size).toBe(0);
    expect(stage.world.deadLetters).toHaveLength(1);
    const [entry] = stage.world.deadLetters;
    expect(entry?.attributes).toMatchObject({ reason: 'uncertain', idempotencyKey: 'order-1' });
    expect(entry?.attributes.detail).toContain('item does not match the schema');
    expect(stage.sent).toEqual([]);
  });

  it('also when it is an error that nobody planned for', async () => {
    const candidates = () => Promise.reject(new Error('a bug'));
    const relays = { ...stage.ports().relays, candidates };
    stage.publish(mail());

    await until(13 * day, { relays });

    expect(stage.world.queue.size).toBe(0);
    expect(stage.world.deadLetters[0]?.attributes.detail).toContain('a bug');
  });

  it('stays in the queue while the dead-letter queue is away', async () => {
    const deadLetters = { send: () => Promise.reject(new Error('away')) };
    stage.publish(mail());

    await until(10 * day, { ...brokenLedger, deadLetters });

    expect(stage.world.queue.size).toBe(1);
  });
});

describe('a mail that lay in a paused queue for almost as long as SQS keeps it', () => {
  const paused = () => {
    stage.world.now += 13.6 * day;
  };

  it('is delivered on its first receive', async () => {
    stage.publish(mail());
    paused();

    await stage.invoke();

    expect(stage.sent).toHaveLength(1);
    expect(stage.world.deadLetters).toEqual([]);
    expect(stage.world.queue.size).toBe(0);
  });

  it.each([
    ['retry-exhausted', {}],
    ['expired', { expiresAt: '2026-01-08T00:00:00Z' }],
  ])('is given up as %s on its first receive, and its sender is told', async (reason, fields) => {
    const told: string[] = [];
    const bounces = {
      settings: { delayNoticeSeconds: 14_400 },
      publish: async ({ notice }: BounceInput) => {
        told.push(notice.kind);
        return { kind: 'published', key: 'bounce' } as const;
      },
      checkReturnPath: async () => ({ kind: 'valid' }) as const,
    };
    stage.unreachable['primary'] = refusedConnection;
    stage.publish(mail(fields));
    paused();

    await stage.invoke({ ports: { bounces } });

    expect(stage.world.deadLetters.map(({ attributes }) => attributes.reason)).toEqual([reason]);
    expect(told).toEqual(['failed']);
    expect(stage.world.queue.size).toBe(0);
  });

  it('goes to the dead-letter queue with the error when the ledger is away', async () => {
    stage.publish(mail());
    paused();

    await stage.invoke({ ports: brokenLedger });

    expect(stage.world.deadLetters.map(({ attributes }) => attributes.reason)).toEqual(['uncertain']);
    expect(stage.world.queue.size).toBe(0);
  });

  it('goes there unread as poison when its receives since then all ended without an answer', async () => {
    stage.publish(mail());
    paused();
    for (let receives = 1; receives < 10; receives += 1) {
      stage.world.receive(1_080_000);
      stage.world.skipToNextVisible();
    }

    await stage.invoke();

    expect(stage.world.deadLetters.map(({ attributes }) => attributes.reason)).toEqual(['poison']);
    expect(stage.sent).toEqual([]);
  });
});
