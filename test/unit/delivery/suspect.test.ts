import { beforeEach, describe, expect, it } from 'vitest';
import { deliverBatch } from '../../../lib/delivery/batch.ts';
import { fail, mailboxBusy } from '../../support/delivery/answers.ts';
import type { CrashPoint } from '../../support/delivery/crash-points.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

const hour = 3_600_000;
const day = 24 * hour;
const diesInBuilding: CrashPoint = { effect: 'build', key: 'cursed', when: 'before', incident: 'die' };

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

const publish = (key: string) => stage.publish(mail({ idempotencyKey: key }));
const delivered = () => stage.sent.map(({ key }) => key);

/** Invocations, each as soon as something is visible, all of which meet the same fate. */
async function repeat(times: number, crash: readonly CrashPoint[]): Promise<void> {
  for (let turn = 0; turn < times && stage.world.queue.size > 0; turn += 1) {
    stage.world.skipToNextVisible();
    await stage.invoke({ crash });
  }
}

function receivedOften(times = 20): void {
  for (const message of stage.world.queue.values()) message.receives = times;
}

/** The ledger of one invocation, which counts what is asked of it. */
function countedWrites() {
  const { ledger } = stage.ports();
  let writes = 0;
  const write: typeof ledger.write = (...input) => {
    writes += 1;
    return ledger.write(...input);
  };
  return { ports: { ledger: { ...ledger, write } }, writes: () => writes };
}

describe('mails that were received often, and nobody knows what for', () => {
  it('are built one after the other while nobody is being sent, and then sent together', async () => {
    for (let index = 0; index < 5; index += 1) publish(`order-${index}`);
    receivedOften();
    const { build, transport } = stage.ports();
    const steps: string[] = [];
    let crowd = 0;
    let largestCrowd = 0;
    const counted = countedWrites();
    const ports: Parameters<Stage['invoke']>[0] = {
      ports: {
        ...counted.ports,
        build: async (one, options) => {
          steps.push('build');
          await new Promise((resolve) => setImmediate(resolve));
          steps.push('built');
          return build(one, options);
        },
        transport: {
          ...transport,
          acquire: async (...input) => {
            crowd += 1;
            await new Promise((resolve) => setImmediate(resolve));
            largestCrowd = Math.max(largestCrowd, crowd);
            crowd -= 1;
            return transport.acquire(...input);
          },
        },
      },
    };

    await stage.invoke(ports);

    expect(steps.slice(0, 10)).toEqual(Array.from({ length: 5 }, () => ['build', 'built']).flat());
    expect(largestCrowd).toBe(5);
    expect(delivered()).toHaveLength(5);
    expect(counted.writes()).toBe(20);
  });

  it('count no crash while the ledger takes back no lease for ten seconds', async () => {
    publish('order-1');
    receivedOften();
    const nths = Array.from({ length: 9 }, (_, index) => index + 2);

    await stage.invoke({
      crash: nths.map((nth) => ({ effect: 'ledger.write', nth, when: 'before', incident: 'fail' })),
    });

    expect(delivered()).toEqual(['order-1']);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', crashes: 0 });
  });

  it('are forgiven a lease that was not taken back, once they are built', async () => {
    publish('order-1');
    receivedOften();
    await stage.invoke({ crash: [{ effect: 'build', when: 'after', incident: 'die' }] });
    stage.relays = [];
    await repeat(2, []);
    expect(stage.told('crash-seen')).toMatchObject([{ crashes: 1 }]);

    expect(stage.item('order-1')).toMatchObject({ state: 'waiting', crashes: 0 });
  });
});

describe('a mail that ends the sender while it is built', () => {
  it('does not take its nine neighbours along for ever', async () => {
    publish('cursed');
    for (let index = 1; index <= 9; index += 1) publish(`order-${index}`);

    await repeat(11, [diesInBuilding]);

    expect(delivered().toSorted()).toEqual(Array.from({ length: 9 }, (_, index) => `order-${index + 1}`));
    expect([...stage.world.taken.values()]).toEqual(Array(9).fill(1));
    for (let index = 1; index <= 9; index += 1) expect(stage.item(`order-${index}`).crashes).toBe(0);
  });

  it('becomes poison within hours, with its key and recipients', async () => {
    publish('cursed');
    const publishedAt = stage.world.now;

    await repeat(50, [diesInBuilding]);

    expect(stage.world.queue.size).toBe(0);
    expect(stage.world.deadLetters).toMatchObject([{ attributes: { reason: 'poison', idempotencyKey: 'cursed' } }]);
    expect(stage.world.deadLetters[0]?.attributes.detail).toContain('ada@example.org');
    expect(stage.world.now - publishedAt).toBeLessThan(6 * hour);
    expect(stage.sent).toEqual([]);
  });

  it('is delivered once when the cause is gone before that', async () => {
    publish('cursed');
    await repeat(13, [diesInBuilding]);
    expect(stage.item('cursed').crashes).toBeGreaterThan(0);

    await stage.later();

    expect(stage.item('cursed')).toMatchObject({ state: 'settled' });
    expect(stage.item('cursed').lastRelay).toBe('primary');
    expect(delivered()).toEqual(['cursed']);
  });
});

describe('a message that ends the sender before it is read', () => {
  /** As it is received, without the event source mapping's part: nobody lives to give an answer. */
  async function receiveAndDie(visibilityMs: number): Promise<'died' | 'answered'> {
    let died = false;
    const rules = {
      get allowedFromDomains(): string[] {
        died = true;
        throw new Error('out of memory');
      },
      attachmentBuckets: [],
    };
    const batch = stage.world.receive(visibilityMs);
    const { deadLetters } = stage.ports();
    const send: typeof deadLetters.send = async (entry) => (died ? undefined : deadLetters.send(entry));
    const ports = { ...stage.ports(), rules, deadLetters: { send } };
    const disposed = await deliverBatch(batch, stage.bounds(), ports);
    if (died) return 'died';
    for (const { received, disposition } of disposed) {
      if (disposition.kind === 'delete') stage.world.queue.delete(received.messageId);
    }
    return 'answered';
  }

  it.each([
    ['180 seconds, by its receives', 180_000],
    ['900 seconds, by its age', 900_000],
  ])('goes to the dead-letter queue before SQS moves or deletes it, at a time-out of %s', async (_, timeoutMs) => {
    publish('cursed');
    const publishedAt = stage.world.now;
    let receives = 0;

    while (stage.world.queue.size > 0 && receives < 1000) {
      stage.world.skipToNextVisible();
      receives += 1;
      await receiveAndDie(6 * timeoutMs);
    }

    expect(stage.world.queue.size).toBe(0);
    expect(stage.world.now - publishedAt).toBeLessThan(14 * day);
    expect(stage.world.deadLetters).toMatchObject([{ attributes: { reason: 'poison', attempts: '0' } }]);
    expect(stage.world.deadLetters[0]?.attributes.detail).toContain('none of them brought it to an end');
  });

  it('stays in the queue while the dead-letter queue is away', async () => {
    publish('cursed');
    receivedOften(949);

    await stage.invoke({ crash: [{ effect: 'dead-letter', when: 'before', incident: 'fail' }] });

    expect(stage.world.queue.size).toBe(1);
    expect(stage.sent).toEqual([]);
  });

  it('is read only when the others of its batch are done', async () => {
    publish('cursed');
    receivedOften(10);
    for (let index = 1; index <= 9; index += 1) publish(`order-${index}`);
    const sentBefore: number[] = [];
    const { ledger } = stage.ports();
    const read: typeof ledger.read = (key) => {
      sentBefore.push(stage.sent.length);
      return ledger.read(key);
    };

    await stage.invoke({ ports: { ledger: { ...ledger, read } } });

    expect(sentBefore).toEqual([9]);
  });
});

describe('a mail that was received often because it had to wait', () => {
  it('for a relay: is sent when one is there, and counts no crash', async () => {
    publish('patient');
    stage.relays = [];
    await stage.later(30);
    expect(stage.item('patient')).toMatchObject({ state: 'waiting', crashes: 0, attempts: 0 });

    stage.relays = [{ relay: 'primary', maxRecipients: 100 }];
    await stage.later();

    expect(stage.item('patient')).toMatchObject({ state: 'settled', crashes: 0, attempts: 1 });
    expect(delivered()).toEqual(['patient']);
    expect(stage.told('crash-seen')).toEqual([]);
  });

  it('for its content: counts no crash', async () => {
    publish('patient');
    receivedOften();
    const build = () => Promise.reject(new Error('a bug'));
    for (let turn = 0; turn < 10; turn += 1) {
      stage.world.skipToNextVisible();
      await stage.invoke({ ports: { build } });
    }

    await stage.later();

    expect(stage.item('patient')).toMatchObject({ state: 'settled', crashes: 0 });
  });

  it('for a relay: is sent together with the others, at once, and costs no further write', async () => {
    for (let index = 0; index < 10; index += 1) publish(`order-${index}`);
    stage.relays = [];
    await repeat(25, []);
    expect(Math.min(...[...stage.world.queue.values()].map(({ receives }) => receives))).toBeGreaterThan(15);
    stage.relays = [{ relay: 'primary', maxRecipients: 100 }];
    stage.world.skipToNextVisible();
    const counted = countedWrites();

    await stage.invoke({ ports: counted.ports });

    expect(delivered()).toHaveLength(10);
    expect(counted.writes()).toBe(20);
  });

  it('for a session: nobody is told that it is delayed for that alone', async () => {
    publish('patient');
    receivedOften();
    const { transport } = stage.ports();
    const error = { kind: 'deadline', message: 'no session became free in time' } as const;
    const acquire = async () => ({ ok: false, failure: { phase: 'connect', reused: false, error } }) as const;

    await stage.invoke({ ports: { transport: { ...transport, acquire } } });

    expect(stage.item('patient')).toMatchObject({ state: 'waiting', crashes: 0 });
    expect(stage.item('patient').delayedAt).toBeUndefined();
  });

  it('for the mailbox of its recipient: is sent together with the others, and costs no further write', async () => {
    publish('greylisted');
    stage.answers['primary'] = Array.from({ length: 7 }, () => fail(mailboxBusy));
    await stage.later(7);
    const counted = countedWrites();
    receivedOften(12);
    stage.world.skipToNextVisible();

    await stage.invoke({ ports: counted.ports });

    expect(delivered()).toHaveLength(8);
    expect(counted.writes()).toBe(2);
  });
});
