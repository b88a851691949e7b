import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReturnPathVerdict } from '../../../lib/bounce/return-path.ts';
import { parseReport } from '../../support/delivery-status.ts';
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
const yes = { code: 250, text: 'queued' };
const no = { code: 550, text: 'No' };
const notNow = { code: 450, text: 'Later' };
const refusing: Scenario = { answer: () => no };
const deferring: Scenario = { answer: () => notNow };

/** Whom a bounce, as it lies in the queue, is about. */
async function namedIn(body: string): Promise<(string | undefined)[]> {
  const { recipients } = await parseReport(Buffer.from(JSON.parse(body).raw.content, 'base64'));
  return recipients.map((fields) => fields['final-recipient']?.replace('rfc822; ', ''));
}

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

    // Claim, send, settle, bounce, dead letter, paid: each before and after.
    expect(steps).toBe(12);
  });

  it('never loses a bounce that the queue refused at first', async () => {
    const steps = await atEveryStep(async (crashAt) => {
      const postroom = aPostroom({ ...refusing, refusals: 2 });
      postroom.crashAt = crashAt;
      await postroom.carry(mail, 'sqs-1');
      const { steps: reached } = postroom;

      const bounces = await published();
      for (const [index, body] of bounces.entries()) await postroom.carry(body, `bounce-${index}`);

      expect(
        postroom.sent.filter(({ from }) => from === ''),
        `crash at ${crashAt}`,
      ).toHaveLength(1);
      expect(new Set(postroom.deadLetters.map(({ attributes }) => attributes.deadLetterId)).size).toBe(1);
      return reached;
    });

    expect(steps).toBeGreaterThan(12);
  });

  it('tells of each of two failures in turn once, and never of who has the mail or is waited for', async () => {
    const three = { ...JSON.parse(mail), to: ['ada@example.org', 'bob@example.net', 'eve@example.com'] };
    const answer: Scenario['answer'] = (address, nth) => {
      if (address === 'ada@example.org') return yes;
      return address === 'eve@example.com' && nth === 1 ? notNow : no;
    };
    const steps = await atEveryStep(async (crashAt) => {
      const postroom = aPostroom({ answer });
      postroom.crashAt = crashAt;
      await postroom.carry(JSON.stringify(three), 'sqs-1');
      const { steps: reached } = postroom;

      const bounces = [...new Set(await published())];
      const named = await Promise.all(bounces.map(namedIn));
      for (const [index, body] of bounces.entries()) await postroom.carry(body, `bounce-${index}`);

      // After a crash in the first send eve is refused at her second one, together with bob.
      const inTurn = [['bob@example.net'], ['eve@example.com']];
      expect(named.flat().toSorted(), `crash at ${crashAt}`).toEqual(inTurn.flat());
      if (crashAt > reached) expect(named).toEqual(inTurn);
      expect(postroom.sent.filter(({ from }) => from === '')).toHaveLength(bounces.length);
      return reached;
    });

    // Twice what one failure takes, and the look into the ledger at the second receive.
    expect(steps).toBe(26);
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

      const notices = await published();
      for (const [index, body] of notices.entries()) await postroom.carry(body, `notice-${index}`);
      expect(notices.length, `crash at ${crashAt}`).toBeGreaterThan(0);
      expect(postroom.sent.filter(({ from }) => from === '')).toEqual([{ from: '', to: ['shop@example.com'] }]);
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
    // That it waits is on record, so that many receives make no suspect of it.
    const bounces = [...ledger.values()].filter(({ key }) => key !== 'order-1');
    expect(bounces).toEqual([expect.objectContaining({ state: 'waiting', attempts: 0, crashes: 0, deadLetters: {} })]);
  });
});
