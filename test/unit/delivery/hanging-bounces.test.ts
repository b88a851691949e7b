import { beforeEach, describe, expect, it } from 'vitest';
import type { BounceInput, BouncePublisher } from '../../../lib/bounce/publisher.ts';
import { fail, mailboxBusy, unknownUser } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

let stage: Stage;
let published: BounceInput[];
let publish: BouncePublisher['publish'];

/** Gives up when it is told to, as S3 and SQS clients do. */
const hangs: BouncePublisher['publish'] = async (input) => {
  published.push(input);
  stage.world.now = Math.max(stage.world.now, input.deadline);
  return { kind: 'postponed', error: new Error('aborted') };
};

/** The ledger takes no write whose time is up. */
function punctual({ ledger } = stage.ports()) {
  const write: typeof ledger.write = (next, expected, until) =>
    stage.world.now >= (until ?? Number.POSITIVE_INFINITY)
      ? Promise.reject(new Error('too late'))
      : ledger.write(next, expected, until);
  return { ledger: { ...ledger, write } };
}

const works: BouncePublisher['publish'] = async (input) => {
  published.push(input);
  return { kind: 'published', key: 'bounce' };
};

const bounces = {
  settings: { delayNoticeSeconds: 14_400 },
  publish: (input: BounceInput) => publish(input),
  checkReturnPath: async () => ({ kind: 'valid' }) as const,
};

beforeEach(() => {
  stage = new Stage();
  published = [];
  publish = hangs;
});

async function invoke(): Promise<void> {
  stage.world.skipToNextVisible();
  await stage.invoke({ ports: { bounces, ...punctual() } });
}

const entries = () => Object.values(stage.item('order-1').deadLetters);
const reasons = () => stage.world.deadLetters.map(({ attributes }) => attributes.reason);

describe('a bounce that hangs', () => {
  const ada = { address: 'ada@example.org', failure: unknownUser };
  const bob = { address: 'bob@example.net', failure: mailboxBusy };

  it('neither S3 nor the intake queue answers while a bounce is made', async () => {
    stage.publish(mail());
    stage.answers['primary'] = [fail(unknownUser)];
    const start = stage.world.now;
    await invoke();

    expect(stage.world.now - start).toBe(5000);
    expect(reasons()).toEqual(['rejected']);
    expect(entries()).toMatchObject([{ pending: false, bounceOwedSince: expect.any(Number) }]);
  });

  it('costs five seconds, however many are owed', async () => {
    stage.publish(mail({ to: [ada.address, bob.address] }));
    stage.answers['primary'] = [() => ({ accepted: [], failed: [ada, bob], timings: {} }), fail(unknownUser)];
    await invoke();
    stage.world.skipToNextVisible();
    const start = stage.world.now;
    // Five seconds before the attempt for the first bounce, five after it for both.
    await invoke();

    expect(stage.world.now - start).toBe(10_000);
    expect(reasons()).toEqual(['rejected', 'rejected']);
    expect(entries()).toMatchObject([{ pending: false }, { pending: false }]);
  });

  it('is not even begun when the time is needed for the entry', async () => {
    stage.publish(mail());
    const { sendDeadline, settleDeadline } = stage.bounds();
    stage.answers['primary'] = [
      (to) => {
        stage.world.now = sendDeadline;
        return fail(unknownUser)(to);
      },
    ];
    await invoke();

    expect(published).toEqual([]);
    expect(stage.world.now).toBeLessThan(settleDeadline);
    expect(entries()).toMatchObject([{ pending: false, bounceOwedSince: expect.any(Number) }]);
    publish = works;
    await invoke();
    expect(published).toHaveLength(1);
    expect(stage.world.queue.size).toBe(0);
  });
});
