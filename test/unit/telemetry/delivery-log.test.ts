import { beforeEach, describe, expect, it } from 'vitest';
import type { BatchPorts } from '../../../lib/delivery/batch.ts';
import { logDelivery } from '../../../lib/telemetry/delivery-log.ts';
import { createLog } from '../../../lib/telemetry/log.ts';
import { fail, unknownUser } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

let stage: Stage;
let lines: Record<string, unknown>[];

beforeEach(() => {
  stage = new Stage();
  lines = [];
});

/** One invocation, and what it writes to the log. */
async function logged(ports: Partial<BatchPorts> = {}): Promise<readonly Record<string, unknown>[]> {
  const clock = { now: () => stage.world.now };
  const log = createLog({ stage: 'test', clock, write: (line) => lines.push(JSON.parse(line)) });
  await stage.invoke({ ports: { ...ports, report: (event) => logDelivery(event, log) } });
  return lines;
}

/** A relay whose sessions take that long to open, or not to open. */
function slowRelay(greetingMs: number): BatchPorts['transport'] {
  const { transport } = stage.ports();
  return {
    ...transport,
    acquire: async (settings, options) => {
      const acquired = await transport.acquire(settings, options);
      stage.world.now += greetingMs + 30;
      if (!acquired.ok) return acquired;
      const { session } = acquired;
      const setUp = { connectMs: 10, greetingMs, tlsMs: 20 };
      return { ok: true, session: { ...session, setUp } };
    },
  };
}

describe('the line of an attempt', () => {
  it('has the set-up of its session, and is slow when that was', async () => {
    stage.publish(mail());

    expect(await logged({ transport: slowRelay(25_000) })).toMatchObject([
      {
        event: 'mail.attempt',
        level: 'WARN',
        slow: true,
        durationMs: 25_030,
        timings: { choose: 25_030, connect: 10, greeting: 25_000, tls: 20 },
      },
    ]);
  });

  it('has no set-up where the session was open', async () => {
    stage.publish(mail());

    const [line] = await logged();

    expect(line).toMatchObject({ event: 'mail.attempt', durationMs: 0, timings: { choose: 0 } });
    expect(line).not.toHaveProperty('slow');
    expect(Object.keys(Object(line?.['timings']))).not.toContain('connect');
  });

  it('that got no session says how long that took', async () => {
    stage.unreachable['primary'] = { phase: 'greeting', reused: false, error: { kind: 'timeout', message: 'silence' } };
    stage.publish(mail());

    expect(await logged({ transport: slowRelay(30_000) })).toMatchObject([
      { event: 'relay.fault', phase: 'greeting', durationMs: 30_030, slow: true },
      { event: 'mail.waiting', outcome: 'no-relay' },
    ]);
  });
});

describe('a dead-letter queue that fails', () => {
  const deadLetters = { send: () => Promise.reject(new Error('AccessDenied')) };
  const waits = [{ event: 'queue.dead-letter-failed' }, { event: 'mail.waiting', outcome: 'dead-letter-queue' }];

  it('is told of when a mail is given up', async () => {
    stage.answers['primary'] = [fail(unknownUser)];
    stage.publish(mail());

    expect(await logged({ deadLetters })).toMatchObject([{ event: 'mail.attempt' }, ...waits]);
  });

  it('is told of when a message is no mail', async () => {
    stage.publish({ to: 'nobody' });

    expect(await logged({ deadLetters })).toMatchObject(waits);
  });

  it('is told of when a key is used twice', async () => {
    stage.publish(mail());
    await stage.invoke();
    stage.publish(mail({ text: 'Something else.' }));

    expect(await logged({ deadLetters })).toMatchObject([
      { event: 'mail.dead-lettered', reason: 'key-conflict' },
      ...waits,
    ]);
  });

  it('is told of when a message was received too often to be read', async () => {
    stage.publish(mail());
    for (const message of stage.world.queue.values()) message.receives = 960;

    expect(await logged({ deadLetters })).toMatchObject(waits);
  });
});
