import { beforeEach, describe, expect, it } from 'vitest';
import type { BounceInput, BouncePublisher } from '../../../lib/bounce/publisher.ts';
import { bounceOwedSince } from '../../../lib/ledger/facts.ts';
import { fail, mailboxBusy, refusedConnection, reply, unknownUser } from '../../support/delivery/answers.ts';
import type { CrashPoint } from '../../support/delivery/crash-points.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

const hour = 3_600_000;
const refusesEntries: readonly CrashPoint[] = [{ effect: 'dead-letter', when: 'before', incident: 'fail' }];

let stage: Stage;
let published: BounceInput[];
let publish: BouncePublisher['publish'];

const works: BouncePublisher['publish'] = async (input) => {
  published.push(input);
  return { kind: 'published', key: 'bounce' };
};
const refuses: BouncePublisher['publish'] = () => Promise.reject(new Error('AccessDenied'));
const unreadable: BouncePublisher['publish'] = async () => ({ kind: 'postponed', error: new Error('SlowDown') });

beforeEach(() => {
  stage = new Stage();
  published = [];
  publish = works;
});

const bounces = {
  settings: { delayNoticeSeconds: 14_400 },
  publish: (input: BounceInput) => publish(input),
  checkReturnPath: async () => ({ kind: 'valid' }) as const,
};

async function invoke(crash: readonly CrashPoint[] = []): Promise<void> {
  stage.world.skipToNextVisible();
  await stage.invoke({ crash, ports: { bounces } });
}

/** Receives go on for that long, or until no message is left. */
async function pass(ms: number, crash: readonly CrashPoint[] = []): Promise<void> {
  for (const end = stage.world.now + ms; stage.world.queue.size > 0 && stage.world.now < end; ) await invoke(crash);
}

const entry = () => Object.values(stage.item('order-1').deadLetters)[0];
const reasons = () => stage.world.deadLetters.map(({ attributes }) => attributes.reason);

describe('a bounce that cannot be published', () => {
  it.each([
    ['the queue refuses it', refuses, 'service-unavailable'],
    ['the headers of the mail cannot be read', unreadable, 'content-unavailable'],
  ])('because %s holds up no dead letter, and goes out as soon as it can', async (_, broken, told) => {
    publish = broken;
    stage.publish(mail());
    stage.answers['primary'] = [fail(unknownUser)];
    await invoke();

    expect(reasons()).toEqual(['rejected']);
    expect(entry()).toMatchObject({ pending: false, bounceOwedSince: expect.any(Number) });
    expect(stage.item('order-1').dueAt).toBe(bounceOwedSince(stage.item('order-1')));
    expect(stage.told(told as 'content-unavailable')).toHaveLength(1);
    expect(stage.told('waiting')).toMatchObject([{ why: 'bounce-unpublished' }]);

    await pass(3 * hour);
    publish = works;
    await pass(3 * hour);

    expect(published).toHaveLength(1);
    expect(entry()).toEqual({ reason: 'rejected', pending: false, failedAt: expect.any(Number) });
    expect(stage.item('order-1').dueAt).toBeUndefined();
    expect(stage.world.queue.size).toBe(0);
    expect(reasons()).toEqual(['rejected']);
    expect(stage.sent).toHaveLength(1);
  });

  it('the bounce cannot be published for as long as a mail is tried', async () => {
    publish = refuses;
    stage.publish(mail());
    stage.answers['primary'] = [fail(unknownUser)];
    const start = stage.world.now;
    await pass(20 * 24 * hour);

    expect(stage.world.queue.size).toBe(0);
    expect(stage.world.now - start).toBeGreaterThanOrEqual(432_000_000);
    expect(stage.world.now - start).toBeLessThan(6 * 24 * hour);
    expect(bounceOwedSince(stage.item('order-1'))).toBeLessThan(start + hour);
    expect(reasons()).toEqual(['rejected']);
  });

  it('the bounce cannot be published while others still wait for the mail', async () => {
    publish = refuses;
    stage.publish(mail({ to: ['ada@example.org', 'bob@example.net'] }));
    const busy = { address: 'bob@example.net', failure: mailboxBusy };
    const gone = { address: 'ada@example.org', failure: unknownUser };
    stage.answers['primary'] = [
      () => ({ accepted: [], failed: [gone, busy], timings: {} }),
      fail(mailboxBusy),
      fail(reply('rcpt', '550 5.2.1 disabled')),
    ];
    await invoke();
    await invoke();
    expect(stage.sent).toHaveLength(2);

    publish = works;
    await pass(hour);

    const [first, second] = published.map(({ notice }) => (notice.kind === 'failed' ? notice.deadLetterIds : []));
    expect(published).toHaveLength(2);
    expect(new Set([...(first ?? []), ...(second ?? [])]).size).toBe(2);
    expect(stage.world.queue.size).toBe(0);
  });
});

describe('a bounce that is owed', () => {
  it('is carried until SQS might delete the message, and leaves one entry', async () => {
    publish = refuses;
    const retry = { ...stage.ports().retry, maxAgeSeconds: 13 * 86_400 };
    stage.publish(mail());
    const start = stage.world.now;
    const lateMs = 12 * 24 * hour;
    stage.unreachable['primary'] = refusedConnection;
    while (stage.world.now - start < lateMs) {
      await stage.invoke({ ports: { bounces, retry } });
      stage.world.skipToNextVisible();
    }
    delete stage.unreachable['primary'];
    stage.answers['primary'] = [fail(unknownUser)];
    while (stage.world.queue.size > 0) {
      await stage.invoke({ ports: { bounces, retry } });
      stage.world.skipToNextVisible();
    }

    expect(stage.world.now - start).toBeGreaterThanOrEqual(13 * 24 * hour);
    expect(stage.world.now - start).toBeLessThan(13.5 * 24 * hour);
    expect(reasons()).toEqual(['rejected']);
    expect(bounceOwedSince(stage.item('order-1'))).toBeGreaterThanOrEqual(start + lateMs);
  });

  it('is forgotten when the stage sends none any more', async () => {
    publish = refuses;
    stage.publish(mail());
    stage.answers['primary'] = [fail(unknownUser)];
    await invoke();

    await stage.later(1);

    expect(bounceOwedSince(stage.item('order-1'))).toBeUndefined();
    expect(stage.world.queue.size).toBe(0);
  });
});

describe('a dead-letter queue that refuses the entry', () => {
  it('the dead-letter queue refuses the entry after the bounce went out', async () => {
    stage.publish(mail());
    stage.answers['primary'] = [fail(unknownUser)];
    await pass(2 * hour, refusesEntries);
    expect(published).toHaveLength(1);
    expect(entry()).toMatchObject({ pending: true, senderTold: true });

    await pass(hour);

    expect(published).toHaveLength(1);
    expect(reasons()).toEqual(['rejected']);
    expect(entry()).toEqual({ reason: 'rejected', pending: false, failedAt: expect.any(Number) });
  });
});

describe('a delay notice that cannot be published', () => {
  it('the delay notice cannot be published', async () => {
    stage.unreachable['primary'] = refusedConnection;
    stage.publish(mail());
    publish = refuses;
    await pass(5 * hour);
    expect(stage.told('service-unavailable')).not.toEqual([]);

    publish = works;
    await pass(hour);
    expect(published.map(({ notice }) => notice.kind)).toEqual(['delayed']);

    publish = refuses;
    stage.publish(mail({ idempotencyKey: 'order-2' }));
    await pass(5 * hour);
    delete stage.unreachable['primary'];
    await pass(2 * hour);
    expect(stage.sent.map(({ key }) => key).toSorted()).toEqual(['order-1', 'order-2']);
  });
});
