import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReturnPathVerdict } from '../../../lib/bounce/return-path.ts';
import { enqueuedAt } from '../../support/failed-mail.ts';
import { MortalPostroom, type Scenario } from '../../support/mortal-postroom.ts';
import { type QueueService, startQueues } from '../../support/queue.ts';

let queues: QueueService;
let queueUrl: string;
beforeAll(async () => {
  queues = await startQueues();
  queueUrl = await queues.create('intake');
});
afterAll(() => queues.close());

const aPostroom = (scenario: Scenario) => new MortalPostroom(scenario, queues, queueUrl);
const published = () => queues.drain(queueUrl);

const mail = JSON.stringify({
  idempotencyKey: 'order-1',
  from: 'shop@example.com',
  to: ['ada@example.org', 'bob@example.net'],
  text: 'Hi',
});
const refusing: Scenario = { answer: { code: 550, text: 'No' } };
const deferring: Scenario = { answer: { code: 450, text: 'Later' } };

/** Runs the whole story once for each step at which the process can die, and once without a death. */
async function atEveryStep(story: (crashAt: number) => Promise<number>): Promise<number> {
  for (let crashAt = 1; ; crashAt += 1) {
    const steps = await story(crashAt);
    if (steps < crashAt) return steps;
  }
}

describe('a crash at every await of the failure path', () => {
  it('never loses the bounce, and never sends it twice', async () => {
    const steps = await atEveryStep(async (crashAt) => {
      const postroom = aPostroom(refusing);
      postroom.crashAt = crashAt;
      await postroom.carry(mail, 'sqs-1');
      const taken = postroom.steps;

      const bounces = await published();
      for (const [index, body] of bounces.entries()) await postroom.carry(body, `bounce-${index}`);

      expect(new Set(bounces).size, `crash at ${crashAt}`).toBe(1);
      expect(postroom.sent.filter(({ from }) => from === '')).toEqual([{ from: '', to: ['shop@example.com'] }]);
      expect(new Set(postroom.deadLetters.map(({ attributes }) => attributes.deadLetterId)).size).toBe(1);
      return taken;
    });

    // Claim, send, settle, dead letter, bounce, paid.
    expect(steps).toBe(12);
  });

  it('tells of a delay at least once, and always in the same words', async () => {
    const steps = await atEveryStep(async (crashAt) => {
      const postroom = aPostroom(deferring);
      await postroom.carry(mail, 'sqs-1', enqueuedAt + 14_000_000);
      postroom.steps = 0;
      postroom.crashAt = crashAt;
      await postroom.carry(mail, 'sqs-1', enqueuedAt + 15_000_000);
      const taken = postroom.steps;
      await postroom.carry(mail, 'sqs-1', enqueuedAt + 40_000_000);

      expect(new Set(await published()).size, `crash at ${crashAt}`).toBe(1);
      return taken;
    });

    expect(steps).toBeGreaterThan(8);
  });
});

describe('the return path of a bounce', () => {
  async function bounceTo(returnPath: ReturnPathVerdict): Promise<MortalPostroom> {
    const postroom = aPostroom({ ...refusing, returnPath });
    await postroom.carry(mail, 'sqs-1');
    postroom.deadLetters.length = 0;
    postroom.sent.length = 0;
    const [bounce = ''] = await published();
    await postroom.carry(bounce, 'sqs-2', postroom.now + 600_000);
    return postroom;
  }

  it('that takes no mail dead-letters it with its reason, and nobody is told of that', async () => {
    const { deadLetters, sent } = await bounceTo({ kind: 'invalid', reason: 'does not exist' });

    expect(deadLetters.map(({ attributes }) => attributes)).toMatchObject([
      { reason: 'bounce-undeliverable', detail: expect.stringContaining("the return path's domain does not exist") },
    ]);
    expect(sent).toEqual([]);
    expect(await published()).toEqual([]);
  });

  it('that nobody can tell about waits, and is charged nothing', async () => {
    const { checked, sent, deadLetters, ledger } = await bounceTo({ kind: 'unknown', reason: 'ETIMEOUT' });

    expect(checked.length).toBeGreaterThan(1);
    expect(new Set(checked)).toEqual(new Set(['example.com']));
    expect([sent, deadLetters]).toEqual([[], []]);
    expect([...ledger.keys()]).toEqual(['order-1']);
  });
});
