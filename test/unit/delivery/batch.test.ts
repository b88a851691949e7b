import { beforeEach, describe, expect, it } from 'vitest';
import type { BatchPorts, Disposed } from '../../../lib/delivery/batch.ts';
import type { RelayDirectory } from '../../../lib/delivery/ports.ts';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import {
  accept,
  closed,
  fail,
  mailboxBusy,
  reply,
  senderRefused,
  temporaryFailure,
} from '../../support/delivery/answers.ts';
import { Environment } from '../../support/delivery/crash-points.ts';
import { finalReplyMs, mail, Stage } from '../../support/delivery/stage.ts';

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

function publishNine(): void {
  for (let index = 1; index <= 9; index += 1) stage.publish(mail({ idempotencyKey: `order-${index}` }));
}

function kinds(disposed: readonly Disposed[] | 'died'): string[] {
  if (disposed === 'died') throw new Error('the process died');
  return disposed.map(({ disposition }) => disposition.kind);
}

function delivered(): string[] {
  return stage.sent.map(({ key }) => key);
}

describe('one bad message', () => {
  it.each([
    ['is not JSON', '{'],
    ['is nothing', 'null'],
    ['is nested without end', '['.repeat(50_000)],
    ['has no recipient', JSON.stringify({ from: 'shop@example.com', to: [], subject: 's', text: 't' })],
    ['injects a header', JSON.stringify(mail({ subject: 'Hi\r\nBcc: eve@example.com' }))],
  ])('that %s goes to the dead-letter queue, its nine neighbours are delivered', async (_name, body) => {
    publishNine();
    stage.world.queue.set('bad', {
      messageId: 'bad',
      body,
      sentAt: stage.world.now,
      attributes: {},
      receives: 0,
      visibleAt: 0,
    });

    const disposed = await stage.invoke();

    expect(kinds(disposed)).toEqual(Array(10).fill('delete'));
    expect(delivered()).toHaveLength(9);
    expect(stage.world.deadLetters).toMatchObject([
      { body, attributes: { reason: 'malformed', sourceMessageId: 'bad' } },
    ]);
    expect(stage.world.queue.size).toBe(0);
  });

  it('does not hold its neighbours up while the dead-letter queue is slow', async () => {
    const slow = Promise.withResolvers<void>();
    publishNine();
    stage.publish({ nonsense: true });
    const deadLetters = { send: () => slow.promise };

    const invocation = stage.invoke({ ports: { deadLetters } });
    await expect.poll(() => delivered().length, { timeout: 20_000 }).toBe(9);

    slow.resolve();
    expect(kinds(await invocation)).toEqual(Array(10).fill('delete'));
  });

  it('that cannot be written to the dead-letter queue stays in the intake queue', async () => {
    stage.publish({ nonsense: true });
    await stage.invoke({ crash: [{ effect: 'dead-letter', when: 'before', incident: 'fail' }] });
    expect(stage.world.queue.size).toBe(1);
    expect(stage.told('service-unavailable')).toMatchObject([{ service: 'dead-letter-queue' }]);

    await stage.later();

    expect(stage.world.deadLetters).toHaveLength(1);
  });

  it('has the same dead-letter id when a crash repeats it', async () => {
    stage.publish({ nonsense: true });
    await stage.invoke({ crash: [{ effect: 'dead-letter', when: 'after', incident: 'die' }] });
    await stage.later();

    const ids = stage.world.deadLetters.map(({ attributes }) => attributes.deadLetterId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });
});

describe('an error that nobody planned for', () => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const rejecting = async (): Promise<never> => boom();

  function portsThatThrow(): [name: string, override: (ports: BatchPorts) => Partial<BatchPorts>][] {
    const relays = (overrides: Partial<RelayDirectory>) => (ports: BatchPorts) => ({
      relays: { ...ports.relays, ...overrides },
    });
    const session = { relay: 'primary', reused: false, release() {} };
    return [
      ['the choice of relays', relays({ candidates: rejecting })],
      ['the credentials', relays({ connection: rejecting })],
      ['the transport', ({ transport }) => ({ transport: { ...transport, acquire: rejecting } })],
      [
        'the session',
        ({ transport }) => ({
          transport: { ...transport, acquire: async () => ({ ok: true, session: { ...session, send: rejecting } }) },
        }),
      ],
      ['the message building', () => ({ build: rejecting })],
      ['the memory budget', () => ({ holding: rejecting })],
      ['the ids', () => ({ newId: boom })],
    ];
  }

  it.each(portsThatThrow())('in %s returns the message and is reported', async (_name, override) => {
    stage.publish(mail());

    const disposed = await stage.invoke({ ports: override(stage.ports()) });

    expect(kinds(disposed)).toEqual(['return']);
    expect(stage.told('unexpected')).toHaveLength(1);
    expect(stage.world.deadLetters).toEqual([]);
    await stage.later();
    expect(stage.world.taken.get('order-1 ada@example.org')).toBe(1);
  });

  it('in the ledger returns the message as well', async () => {
    stage.publish(mail());
    const ledger = { read: rejecting, write: rejecting };

    expect(kinds(await stage.invoke({ ports: { ledger } }))).toEqual(['return']);
    expect(stage.sent).toEqual([]);
  });

  it('in logs and metrics changes nothing', async () => {
    stage.publish(mail());
    stage.publish({ nonsense: true });

    expect(kinds(await stage.invoke({ ports: { report: boom } }))).toEqual(['delete', 'delete']);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', attempts: 1 });
    expect(stage.sent).toHaveLength(1);
  });

  it('in what the relay is told to have shown changes nothing', async () => {
    stage.publish(mail());
    const relays = { ...stage.ports().relays, observe: boom };

    expect(kinds(await stage.invoke({ ports: { relays } }))).toEqual(['delete']);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled' });
    expect(stage.told('unexpected')).toHaveLength(1);
  });

  it('in one mail leaves its nine neighbours alone', async () => {
    publishNine();
    stage.publish(mail({ idempotencyKey: 'cursed' }));
    const { build } = stage.ports();

    const disposed = await stage.invoke({
      ports: { build: (one, options) => (one.key === 'cursed' ? rejecting() : build(one, options)) },
    });

    expect(kinds(disposed).filter((kind) => kind === 'delete')).toHaveLength(9);
    expect(delivered()).toHaveLength(9);
  });
});

describe('copies of one mail in one batch', () => {
  it('run one after the other: the first sends, the others are duplicates', async () => {
    for (let copy = 0; copy < 3; copy += 1) stage.publish(mail());

    expect(kinds(await stage.invoke())).toEqual(['delete', 'delete', 'delete']);
    expect(stage.sent).toHaveLength(1);
    expect(stage.told('duplicate')).toHaveLength(2);
    expect(stage.told('waiting')).toEqual([]);
  });

  it('wait together when the first one was deferred', async () => {
    stage.answers['primary'] = [accept({ 'ada@example.org': mailboxBusy })];
    stage.publish(mail());
    stage.publish(mail());

    await stage.invoke();
    await stage.later();

    expect(stage.sent).toHaveLength(2);
    expect(stage.world.taken.get('order-1 ada@example.org')).toBe(1);
  });
});

describe('mails whose last owner crashed', () => {
  async function crashedTwice(): Promise<void> {
    for (const key of ['suspect-1', 'suspect-2']) stage.publish(mail({ idempotencyKey: key }));
    await stage.invoke({ crash: [{ effect: 'send', when: 'before', incident: 'die' }] });
    stage.world.skipToNextVisible();
  }

  it('run last, and alone', async () => {
    await crashedTwice();
    publishNine();
    let running = 0;
    let crowd = 0;
    const order: string[] = [];
    const { build } = stage.ports();

    await stage.invoke({
      batch: stage.world.receive(1),
      ports: {
        build: async (one, options) => {
          running += 1;
          await new Promise((resolve) => setImmediate(resolve));
          if (one.key.startsWith('suspect')) crowd = Math.max(crowd, running);
          order.push(one.key);
          running -= 1;
          return build(one, options);
        },
      },
    });

    expect(order.slice(-2).toSorted()).toEqual(['suspect-1', 'suspect-2']);
    expect(crowd).toBe(1);
  });

  it('run last also when an attempt ended well since', async () => {
    stage.publish(mail({ idempotencyKey: 'suspect' }));
    await stage.invoke({ crash: [{ effect: 'send', when: 'before', incident: 'die' }] });
    stage.answers['primary'] = [fail(temporaryFailure)];
    stage.world.skipToNextVisible();
    await stage.invoke();
    expect(stage.item('suspect')).toMatchObject({ state: 'waiting', crashes: 1 });
    stage.world.skipToNextVisible();
    stage.publish(mail({ idempotencyKey: 'neighbour' }));

    await stage.invoke();

    expect(delivered()).toEqual(['suspect', 'neighbour', 'suspect']);
  });

  it('take their copies along', async () => {
    stage.publish(mail({ idempotencyKey: 'suspect' }));
    await stage.invoke({ crash: [{ effect: 'send', when: 'before', incident: 'die' }] });
    stage.world.skipToNextVisible();
    // A copy that was never received before: nobody has looked into the ledger for it.
    stage.publish(mail({ idempotencyKey: 'suspect' }));
    stage.publish(mail({ idempotencyKey: 'neighbour' }));

    await stage.invoke();

    expect(delivered()).toEqual(['neighbour', 'suspect']);
  });
});

describe('time', () => {
  const tried = [{ relay: 'primary', maxRecipients: 100 }];
  const untried = [...tried, { relay: 'fallback', maxRecipients: 100 }];
  const stalled: SmtpFailure = { phase: 'ehlo', reused: false, error: { kind: 'timeout', message: 'no answer' } };
  const noPlace: SmtpFailure = { phase: 'connect', reused: false, error: { kind: 'deadline', message: 'no place' } };

  it.each([
    ['another relay was not tried', untried, stalled, 'no-time'],
    ['it was spent in line for the only one', tried, noPlace, 'no-time'],
    ['the only one kept silent', tried, stalled, 'no-relay'],
  ] as const)('that is not left sends the message back unclaimed: %s', async (_name, relays, failure, why) => {
    stage.relays = relays;
    stage.publish(mail());
    const { transport } = stage.ports();

    const disposed = await stage.invoke({
      ports: {
        transport: {
          ...transport,
          acquire: async () => {
            stage.world.now += 170_000 - finalReplyMs;
            return { ok: false, failure };
          },
        },
      },
    });

    const delayMs = why === 'no-time' ? 0 : 30_000;
    expect(disposed).toMatchObject([{ disposition: { kind: 'return', visibleAt: stage.world.now + delayMs } }]);
    expect(stage.world.ledger.size).toBe(0);
    expect(stage.told('waiting')).toMatchObject([{ why }]);
  });

  it('that never comes ends in the dead-letter queue before SQS takes the mail away', async () => {
    stage.publish(mail());
    const [message] = stage.world.queue.values();
    if (message !== undefined) message.receives = 899;
    const { transport } = stage.ports();

    await stage.invoke({
      ports: {
        transport: {
          ...transport,
          acquire: async () => {
            stage.world.now += 170_000;
            return { ok: false, failure: closed('greeting') };
          },
        },
      },
    });

    expect(stage.world.deadLetters).toMatchObject([{ attributes: { reason: 'retry-exhausted' } }]);
  });
});

describe('expiry', () => {
  it('is looked at before anything is sent', async () => {
    stage.publish(mail({ expiresAt: '2025-12-31T23:59:59Z' }));

    expect(kinds(await stage.invoke())).toEqual(['delete']);
    expect(stage.sent).toEqual([]);
    expect(stage.world.deadLetters).toMatchObject([{ attributes: { reason: 'expired' } }]);
  });

  it('with fractions of a millisecond is one that the ledger can hold', async () => {
    stage.answers['primary'] = [fail(temporaryFailure)];
    stage.publish(mail({ expiresInSeconds: 100.0005 }));

    await stage.invoke();

    expect(stage.item('order-1').mailExpiresAt).toBe(stage.world.now + 100_000);
  });
});

describe('a kept session that died before the body', () => {
  it('is replaced at once, and nobody is charged', async () => {
    stage.reusing.add('primary');
    stage.answers['primary'] = [fail(closed('mail', true))];
    stage.publish(mail());

    await stage.invoke();

    expect(stage.sent).toHaveLength(2);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', attempts: 1 });
  });

  it('is replaced once, not for ever', async () => {
    stage.reusing.add('primary');
    stage.answers['primary'] = [fail(closed('mail', true)), fail(closed('mail', true)), accept()];
    stage.publish(mail());

    await stage.invoke();

    expect(stage.sent).toHaveLength(2);
    expect(stage.item('order-1')).toMatchObject({ state: 'waiting', attempts: 0 });
  });

  it('is not replaced when a fresh one is out of step', async () => {
    stage.answers['primary'] = [fail(reply('mail', '503 5.5.1 bad sequence of commands'))];
    stage.publish(mail());

    await stage.invoke();

    expect(stage.sent).toHaveLength(1);
    expect(stage.item('order-1')).toMatchObject({ state: 'waiting', attempts: 0 });
  });

  it.each([true, false])(
    'is not replaced when a fresh one died, whatever the failure says of it (%s)',
    async (reused) => {
      stage.answers['primary'] = [fail(closed('mail', reused))];
      stage.publish(mail());

      await stage.invoke();

      expect(stage.sent).toHaveLength(1);
    },
  );
});

describe('the lease of an attempt with several transactions', () => {
  const ada = 'ada@example.org';
  const bob = 'bob@example.net';

  it('names who is in flight now; what is known is written first', async () => {
    stage.relays = [{ relay: 'primary', maxRecipients: 1 }];
    const seen: unknown[] = [];
    const look = () => {
      const { lease, recipients } = stage.item('order-1');
      seen.push([lease?.inFlight, recipients[ada]?.status]);
      return { accepted: [], failed: [], timings: {} };
    };
    stage.answers['primary'] = [
      (to) => {
        look();
        return accept()(to);
      },
      (to) => {
        look();
        return accept()(to);
      },
    ];
    stage.publish(mail({ to: [ada, bob] }));

    await stage.invoke();

    expect(seen).toEqual([
      [[ada], undefined],
      [[bob], 'accepted'],
    ]);
  });

  it('stops when the further write fails: nothing is sent unclaimed', async () => {
    stage.relays = [{ relay: 'primary', maxRecipients: 1 }];
    stage.publish(mail({ to: [ada, bob] }));

    await stage.invoke({
      crash: Array.from({ length: 6 }, (_, index) => ({
        effect: 'ledger.write',
        nth: index + 2,
        when: 'before',
        incident: 'fail',
      })),
    });

    expect(stage.sent.map(({ to }) => to)).toEqual([[ada]]);
    await stage.later();
    expect(stage.sent.map(({ to }) => to)).toEqual([[ada], [bob]]);
  });

  it('does not send to whom an earlier owner reports accepted meanwhile', async () => {
    stage.relays = [{ relay: 'primary', maxRecipients: 1 }];
    stage.answers['primary'] = [
      (to) => {
        const item = stage.item('order-1');
        const recipients = { [bob]: { status: 'accepted', at: 1 } as const };
        stage.world.ledger.set('order-1', { ...item, recipients, writeId: 'late' });
        return accept()(to);
      },
    ];
    stage.publish(mail({ to: [ada, bob] }));

    await stage.invoke();

    expect(stage.sent.map(({ to }) => to)).toEqual([[ada]]);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled' });
  });

  it('remembers the relay that deferred somebody, not the one that was used last', async () => {
    stage.relays = [
      { relay: 'primary', maxRecipients: 100 },
      { relay: 'fallback', maxRecipients: 100 },
    ];
    stage.answers['primary'] = [accept({ [ada]: mailboxBusy, [bob]: senderRefused })];
    stage.publish(mail({ to: [ada, bob] }));

    await stage.invoke();
    expect(stage.sent.map(({ relay }) => relay)).toEqual(['primary', 'fallback']);
    await stage.later();

    expect(stage.affinities.at(-1)).toEqual({ relay: 'primary', stay: true });
  });
});

it('an empty batch is nothing to do', async () => {
  expect(await stage.invoke({ batch: [] })).toEqual([]);
});

it('steady state: one claim, one settle, no read', async () => {
  const calls: string[] = [];
  const environment = new Environment([]);
  const { ledger } = stage.ports(environment);
  stage.publish(mail());

  await stage.invoke({
    ports: {
      ledger: {
        read: (key) => {
          calls.push('read');
          return ledger.read(key);
        },
        write: (next, expected) => {
          calls.push(`write ${next.state}`);
          return ledger.write(next, expected);
        },
      },
    },
  });

  expect(calls).toEqual(['write sending', 'write settled']);
});
