import { beforeEach, describe, expect, it } from 'vitest';
import type { DeadLetterEntry } from '../../../lib/delivery/ports.ts';
import {
  accept,
  lostAfterTheDot,
  mailboxBusy,
  refusedConnection,
  unknownUser,
} from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

// One test per row of the table "What happens when" in docs/ledger.md, named as the row.

const ada = 'ada@example.org';
const bob = 'bob@example.net';

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

function taken(address: string, key = 'order-1'): number {
  return stage.world.taken.get(`${key} ${address}`) ?? 0;
}

function onlyDeadLetter(): DeadLetterEntry {
  expect(stage.world.deadLetters).toHaveLength(1);
  const [entry] = stage.world.deadLetters;
  if (entry === undefined) throw new Error('no dead letter');
  return entry;
}

function told(...types: Parameters<Stage['told']>[0][]): number[] {
  return types.map((type) => stage.told(type).length);
}

describe('copies', () => {
  it('second copy while the first is in flight', async () => {
    const answer = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    stage.answers['primary'] = [
      async (to) => {
        reached.resolve();
        await answer.promise;
        return accept()(to);
      },
    ];
    stage.publish(mail());
    const first = stage.invoke();
    await reached.promise;
    stage.publish(mail());

    const second = await stage.invoke();

    const leaseEndsAt = stage.item('order-1').lease?.endsAt;
    expect(second).toMatchObject([{ disposition: { kind: 'return', visibleAt: leaseEndsAt } }]);
    expect(stage.told('waiting')).toMatchObject([{ why: 'in-flight' }]);
    answer.resolve();
    await first;
    await stage.later();
    expect(taken(ada)).toBe(1);
    expect(told('duplicate', 'crash-seen')).toEqual([1, 0]);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', crashes: 0 });
  });

  it('second copy after the mail was sent', async () => {
    stage.publish(mail());
    await stage.invoke();
    const settled = stage.item('order-1');
    stage.publish(mail());

    const second = await stage.invoke();

    expect(second).toMatchObject([{ disposition: { kind: 'delete' } }]);
    expect(taken(ada)).toBe(1);
    expect(told('duplicate')).toEqual([1]);
    expect(stage.item('order-1')).toBe(settled);
  });

  it('second copy with another expiry, tags or policy', async () => {
    stage.publish(mail());
    await stage.invoke();
    stage.publish(mail({ onUncertain: 'hold', tags: { campaign: 'november' }, expiresInSeconds: 60 }));

    await stage.invoke();

    expect(told('duplicate', 'key-conflict')).toEqual([1, 0]);
    expect(taken(ada)).toBe(1);
  });

  it('same key, other content', async () => {
    stage.publish(mail());
    await stage.invoke();
    const settled = stage.item('order-1');
    stage.publish(mail({ subject: 'Something else' }));

    const second = await stage.invoke();

    expect(second).toMatchObject([{ disposition: { kind: 'delete' } }]);
    expect(onlyDeadLetter().attributes).toMatchObject({ reason: 'key-conflict', idempotencyKey: 'order-1' });
    expect(stage.item('order-1')).toBe(settled);
    expect(taken(ada)).toBe(1);
  });
});

describe('crashes', () => {
  it('crash before the claim', async () => {
    stage.publish(mail());
    expect(await stage.invoke({ crash: [{ effect: 'ledger.write', nth: 1, when: 'before', incident: 'die' }] })).toBe(
      'died',
    );
    expect(stage.world.ledger.size).toBe(0);

    await stage.later();

    expect(taken(ada)).toBe(1);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', crashes: 0 });
  });

  it('crash before the claim again and again', async () => {
    stage.publish(mail());
    for (let turn = 0; turn < 14; turn += 1) {
      await stage.invoke({ crash: [{ effect: 'build', when: 'before', incident: 'die' }] });
      stage.world.skipToNextVisible();
    }
    expect(stage.item('order-1')).toMatchObject({ state: 'sending', crashes: 4, lease: { inFlight: [] } });

    await stage.invoke({ crash: [{ effect: 'build', when: 'before', incident: 'die' }] });

    expect(onlyDeadLetter().attributes).toMatchObject({ reason: 'poison', attempts: '0' });
    expect(stage.sent).toEqual([]);
  });

  it('crash before the send', async () => {
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'send', nth: 1, when: 'before', incident: 'die' }] });
    expect(stage.item('order-1')).toMatchObject({ state: 'sending', lease: { relay: 'primary', inFlight: [ada] } });

    await stage.later();

    expect(taken(ada)).toBe(1);
    expect(told('crash-seen', 'delivered')).toEqual([1, 1]);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', crashes: 1, attempts: 1 });
  });

  it('crash during the send', async () => {
    stage.relays = [
      { relay: 'primary', maxRecipients: 100 },
      { relay: 'fallback', maxRecipients: 100 },
    ];
    stage.publish(mail());
    // The relay took the mail; its answer reached nobody.
    await stage.invoke({ crash: [{ effect: 'send', nth: 1, when: 'after', incident: 'die' }] });

    await stage.later();

    expect(taken(ada)).toBe(2);
    expect(stage.affinities.at(-1)).toEqual({ relay: 'primary', stay: true });
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', crashes: 1 });
    expect(told('crash-seen')).toEqual([1]);
  });

  it('crash during the send of a mail on hold', async () => {
    stage.publish(mail({ onUncertain: 'hold' }));
    await stage.invoke({ crash: [{ effect: 'send', nth: 1, when: 'after', incident: 'die' }] });

    await stage.later();

    expect(taken(ada)).toBe(1);
    expect(onlyDeadLetter().attributes).toMatchObject({ reason: 'uncertain', idempotencyKey: 'order-1' });
    expect(stage.item('order-1')).toMatchObject({
      state: 'settled',
      crashes: 1,
      recipients: { [ada]: { status: 'failed', doubts: 1 } },
    });
  });

  it('crash after the 250, before the settle', async () => {
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'ledger.write', nth: 2, when: 'before', incident: 'die' }] });
    expect(stage.item('order-1').state).toBe('sending');

    await stage.later();

    expect(taken(ada)).toBe(2);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', crashes: 1 });
  });

  it('crash between two transactions of one mail', async () => {
    stage.relays = [{ relay: 'primary', maxRecipients: 1 }];
    stage.publish(mail({ to: [ada, bob] }));
    await stage.invoke({ crash: [{ effect: 'send', nth: 2, when: 'before', incident: 'die' }] });
    expect(stage.item('order-1')).toMatchObject({
      recipients: { [ada]: { status: 'accepted' } },
      lease: { inFlight: [bob] },
    });

    await stage.later();

    expect([taken(ada), taken(bob)]).toEqual([1, 1]);
  });

  it('crash after the settle', async () => {
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'ledger.write', nth: 2, when: 'after', incident: 'die' }] });
    expect(stage.item('order-1').state).toBe('settled');

    await stage.later();

    expect(taken(ada)).toBe(1);
    expect(told('duplicate', 'crash-seen')).toEqual([1, 0]);
  });

  it('crash after the settle, before the dead letter', async () => {
    stage.answers['primary'] = [accept({ [ada]: unknownUser })];
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'dead-letter', nth: 1, when: 'before', incident: 'die' }] });
    expect(Object.values(stage.item('order-1').deadLetters)).toMatchObject([{ reason: 'rejected', pending: true }]);

    await stage.later();

    expect(stage.sent).toHaveLength(1);
    expect(onlyDeadLetter().attributes).toMatchObject({ reason: 'rejected' });
    expect(Object.values(stage.item('order-1').deadLetters)).toMatchObject([{ pending: false }]);
  });

  it('crash after the dead letter was written', async () => {
    stage.answers['primary'] = [accept({ [ada]: unknownUser })];
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'dead-letter', nth: 1, when: 'after', incident: 'die' }] });

    await stage.later();

    expect(stage.sent).toHaveLength(1);
    expect(stage.world.deadLetters).toHaveLength(2);
    const [first, second] = stage.world.deadLetters;
    expect(second).toEqual(first);
  });

  it('fifth crash', async () => {
    stage.publish(mail());
    for (let crash = 0; crash < 5; crash += 1) {
      stage.world.skipToNextVisible();
      await stage.invoke({ crash: [{ effect: 'send', nth: 1, when: 'before', incident: 'die' }] });
    }

    await stage.later();

    expect(stage.sent).toHaveLength(0);
    expect(onlyDeadLetter().attributes.reason).toBe('poison');
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', crashes: 5 });
  });
});

describe('leases', () => {
  it('late settle of an owner that lost its lease', async () => {
    const answer = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    stage.answers['primary'] = [
      async (to) => {
        reached.resolve();
        await answer.promise;
        return accept()(to);
      },
      accept({ [ada]: mailboxBusy }),
    ];
    stage.publish(mail());
    const slow = stage.invoke();
    await reached.promise;
    stage.world.skipToNextVisible();
    await stage.invoke();
    expect(stage.item('order-1')).toMatchObject({ state: 'waiting', crashes: 1 });

    answer.resolve();
    await slow;

    expect(told('late-settle')).toEqual([1]);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', recipients: { [ada]: { status: 'accepted' } } });
    await stage.later();
    expect(taken(ada)).toBe(1);
    expect(stage.world.deadLetters).toEqual([]);
  });

  it('late settle that finds the mail given up as uncertain', async () => {
    const answer = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    stage.answers['primary'] = [
      async (to) => {
        reached.resolve();
        await answer.promise;
        return accept()(to);
      },
    ];
    stage.publish(mail({ onUncertain: 'hold' }));
    const slow = stage.invoke();
    await reached.promise;
    stage.world.skipToNextVisible();
    await stage.invoke({ crash: [{ effect: 'dead-letter', when: 'before', incident: 'fail' }] });
    expect(Object.values(stage.item('order-1').deadLetters)).toMatchObject([{ reason: 'uncertain', pending: true }]);

    answer.resolve();
    await slow;
    await stage.later();

    expect(stage.world.deadLetters).toEqual([]);
    expect(stage.item('order-1')).toMatchObject({ recipients: { [ada]: { status: 'accepted' } }, deadLetters: {} });
  });

  it('item deleted while its mail is being sent', async () => {
    stage.answers['primary'] = [
      (to) => {
        stage.world.ledger.delete('order-1');
        return accept()(to);
      },
    ];
    stage.publish(mail());

    await stage.invoke();

    expect(taken(ada)).toBe(1);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', recipients: { [ada]: { status: 'accepted' } } });
  });
});

describe('redrives', () => {
  async function deadLettered(message: object = mail({ to: [ada, bob] })): Promise<DeadLetterEntry> {
    stage.answers['primary'] = [accept({ [bob]: unknownUser })];
    stage.publish(message);
    await stage.invoke();
    return onlyDeadLetter();
  }

  // Our tool and StartMessageMoveTask do the same: body and attributes stay, the SQS message id is new.
  for (const name of ['redrive by our tool', 'redrive by the console']) {
    it(name, async () => {
      const entry = await deadLettered();
      stage.world.redrive(entry);

      await stage.later();

      expect([taken(ada), taken(bob)]).toEqual([1, 1]);
      expect(stage.sent.at(-1)?.to).toEqual([bob]);
      expect(told('reopened')).toEqual([1]);
      expect(stage.world.deadLetters).toEqual([]);
    });
  }

  it('second redrive of the same entry', async () => {
    const entry = await deadLettered();
    const { idempotencyKey = '', deadLetterId = '' } = entry.attributes;
    stage.world.redrive(entry);
    await stage.later();
    stage.publish(JSON.parse(entry.body), { idempotencyKey, deadLetterId });

    await stage.later();

    expect([taken(ada), taken(bob)]).toEqual([1, 1]);
    expect(told('duplicate', 'reopened')).toEqual([1, 1]);
  });

  it('redrive of an entry that SQS moved by itself', async () => {
    stage.answers['primary'] = [accept({ [bob]: mailboxBusy })];
    stage.publish(mail({ to: [ada, bob] }));
    await stage.invoke();
    // SQS moved the message: nothing but its body came along.
    const [message] = stage.world.queue.values();
    stage.world.queue.clear();
    stage.publish(JSON.parse(message?.body ?? ''));

    await stage.later();

    expect([taken(ada), taken(bob)]).toEqual([1, 1]);
    expect(told('reopened')).toEqual([0]);
  });

  it('redrive of an entry without a key of its own that SQS moved by itself', async () => {
    const message = mail({ idempotencyKey: undefined });
    stage.publish(message);
    await stage.invoke();
    const [key = ''] = stage.world.ledger.keys();
    // The tool that puts it back names the old message id as the key, which the entry still carries.
    stage.publish(message, { idempotencyKey: key });
    // The console cannot: the message has a new id, and so is a new mail.
    stage.publish(message);

    await stage.later();

    expect(told('duplicate')).toEqual([1]);
    expect(stage.world.ledger.size).toBe(2);
    expect([...stage.world.taken.values()]).toEqual([1, 1]);
  });
});

describe('services away', () => {
  const slow = Object.assign(new Error('reduce your request rate for ada@example.org'), { name: 'SlowDown' });
  const withoutContent = { build: async () => ({ ok: false, reason: 'retry', error: slow }) as const };

  it('S3 away before the send', async () => {
    stage.publish(mail());

    await stage.invoke({ ports: withoutContent });

    expect(stage.told('content-unavailable')).toMatchObject([{ key: 'order-1', error: slow }]);
    expect(stage.told('waiting')).toMatchObject([{ why: 'content-unavailable' }]);
    await stage.later();
    expect(taken(ada)).toBe(1);
  });

  it("S3 away until the mail's age limit", async () => {
    stage.publish(mail());
    for (let turn = 0; turn < 1000 && stage.world.queue.size > 0; turn += 1) {
      stage.world.skipToNextVisible();
      await stage.invoke({ ports: withoutContent });
    }

    const { reason, detail = '' } = onlyDeadLetter().attributes;
    expect(reason).toBe('retry-exhausted');
    expect(JSON.parse(detail).message).toMatch(/^Given up after .* SlowDown$/);
    expect(detail).not.toContain('request rate');
    expect(taken(ada)).toBe(0);
  });

  it('DynamoDB throttled or away before the claim', async () => {
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'ledger.write', when: 'before', incident: 'fail' }] });
    expect(stage.sent).toEqual([]);
    expect(stage.told('service-unavailable')).toMatchObject([{ service: 'ledger' }]);
    expect(stage.told('waiting')).toMatchObject([{ why: 'ledger-unavailable' }]);
    stage.world.skipToNextVisible();
    await stage.invoke({ crash: [{ effect: 'ledger.read', when: 'before', incident: 'fail' }] });
    expect(told('service-unavailable', 'unexpected')).toEqual([2, 0]);
    expect(stage.sent).toEqual([]);

    await stage.later();

    expect(taken(ada)).toBe(1);
    expect(stage.item('order-1')).toMatchObject({ attempts: 1, crashes: 0 });
  });

  it("the claim's answer is lost", async () => {
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'ledger.write', nth: 1, when: 'after', incident: 'fail' }] });
    expect(stage.sent).toEqual([]);

    await stage.later();

    expect(taken(ada)).toBe(1);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', crashes: 1 });
  });

  it("the settle's answer is lost", async () => {
    stage.publish(mail());

    await stage.invoke({ crash: [{ effect: 'ledger.write', nth: 2, when: 'after', incident: 'fail' }] });

    expect(stage.world.queue.size).toBe(0);
    expect(told('delivered', 'late-settle', 'duplicate')).toEqual([1, 0, 0]);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', attempts: 1 });
  });

  it('DynamoDB throttled for a moment after the 250', async () => {
    stage.publish(mail());

    await stage.invoke({
      crash: [2, 3, 4].map((nth) => ({ effect: 'ledger.write', nth, when: 'before', incident: 'fail' })),
    });

    expect(stage.world.queue.size).toBe(0);
    expect(told('delivered', 'settle-failed')).toEqual([1, 0]);
    expect(stage.item('order-1').state).toBe('settled');
  });

  const awayAfterTheClaim = Array.from({ length: 200 }, (_, index) => ({
    effect: 'ledger.write' as const,
    nth: index + 2,
    when: 'before' as const,
    incident: 'fail' as const,
  }));

  it('DynamoDB away after the 250, everybody accepted', async () => {
    stage.publish(mail());

    await stage.invoke({ crash: awayAfterTheClaim });

    expect(stage.world.queue.size).toBe(0);
    expect(told('service-unavailable', 'waiting')).toEqual([0, 0]);
    expect(stage.told('settle-failed')).toMatchObject([{ acknowledged: true }]);
    expect(stage.told('delivered')).toMatchObject([{ recipients: 1, attempts: 1 }]);
    expect(stage.item('order-1').state).toBe('sending');
    expect(taken(ada)).toBe(1);
  });

  it('DynamoDB away after the last acceptance of a mail that others refused before', async () => {
    stage.answers['primary'] = [accept({ [ada]: unknownUser, [bob]: mailboxBusy })];
    stage.publish(mail({ to: [ada, bob] }));
    await stage.invoke();
    stage.world.skipToNextVisible();

    await stage.invoke({ crash: awayAfterTheClaim });

    expect(stage.world.queue.size).toBe(0);
    expect(stage.told('settle-failed')).toMatchObject([{ acknowledged: true }]);
    expect(stage.told('delivered')).toMatchObject([{ recipients: 1, attempts: 2 }]);
    expect(taken(bob)).toBe(1);
  });

  it('DynamoDB away after the 250, not everybody accepted', async () => {
    stage.answers['primary'] = [accept({ [bob]: unknownUser }), accept({ [bob]: unknownUser })];
    stage.publish(mail({ to: [ada, bob] }));
    await stage.invoke({ crash: awayAfterTheClaim });
    expect(stage.told('settle-failed')).toMatchObject([{ acknowledged: false }]);
    expect(told('delivered', 'service-unavailable')).toEqual([0, 0]);
    expect([...stage.world.queue.values()]).toMatchObject([{ visibleAt: stage.item('order-1').lease?.endsAt }]);

    await stage.later();

    expect(taken(ada)).toBe(2);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', crashes: 1 });
    expect(onlyDeadLetter().attributes.reason).toBe('uncertain');
  });

  it('the dead-letter queue refuses the entry', async () => {
    stage.answers['primary'] = [accept({ [ada]: unknownUser })];
    stage.publish(mail());
    await stage.invoke({ crash: [{ effect: 'dead-letter', when: 'before', incident: 'fail' }] });
    expect(stage.told('service-unavailable')).toMatchObject([{ service: 'dead-letter-queue' }]);
    expect(stage.told('waiting')).toMatchObject([{ why: 'dead-letter-queue' }]);
    expect(stage.world.queue.size).toBe(1);

    await stage.later();

    expect(stage.sent).toHaveLength(1);
    expect(onlyDeadLetter().attributes.reason).toBe('rejected');
    expect(stage.world.queue.size).toBe(0);
  });

  it('no relay can be reached', async () => {
    stage.unreachable['primary'] = refusedConnection;
    stage.publish(mail());
    await stage.invoke();
    expect(stage.world.ledger.size).toBe(0);
    expect(stage.told('waiting')).toMatchObject([{ why: 'no-relay' }]);
    delete stage.unreachable['primary'];

    await stage.later();

    expect(stage.item('order-1')).toMatchObject({ state: 'settled', attempts: 1 });
  });

  it('no relay takes mail of the sender', async () => {
    stage.relays = [];
    stage.eligible = [];
    stage.publish(mail());

    await stage.invoke();

    expect(stage.world.queue.size).toBe(0);
    const { attributes } = onlyDeadLetter();
    expect(attributes).toMatchObject({ reason: 'not-allowed', attempts: '0' });
    expect(attributes.detail).toContain('no relay of this stage takes mail of senders at example.com');
    expect(attributes.detail).toContain(ada);
  });
});

describe('doubt', () => {
  it('connection lost after the final dot', async () => {
    stage.answers['primary'] = [() => ({ ...failedFor(ada), timings: {} })];
    stage.publish(mail());
    await stage.invoke();
    expect(stage.item('order-1')).toMatchObject({
      state: 'waiting',
      attempts: 1,
      stayOnRelay: true,
      recipients: { [ada]: { doubts: 1 } },
    });

    await stage.later();

    expect(stage.sent).toHaveLength(2);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', recipients: { [ada]: { status: 'accepted' } } });
  });

  it('connection lost after the final dot twice', async () => {
    stage.answers['primary'] = [() => failedFor(ada), () => failedFor(ada)];
    stage.publish(mail());

    await stage.later();

    expect(stage.sent).toHaveLength(2);
    expect(onlyDeadLetter().attributes.reason).toBe('uncertain');
    expect(stage.item('order-1')).toMatchObject({ recipients: { [ada]: { status: 'failed', doubts: 2 } } });
  });

  it('refused after a crash or a doubt', async () => {
    stage.answers['primary'] = [() => failedFor(ada), accept({ [ada]: unknownUser })];
    stage.publish(mail());

    await stage.later();

    const { reason, detail = '' } = onlyDeadLetter().attributes;
    expect(reason).toBe('uncertain');
    expect(JSON.parse(detail)).toMatchObject({ recipients: [{ address: ada, code: 550, reply: 'no such user' }] });
  });

  function failedFor(address: string) {
    return { accepted: [], failed: [{ address, failure: lostAfterTheDot }], timings: {} };
  }
});
