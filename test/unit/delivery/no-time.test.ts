import { expect, it } from 'vitest';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import type { SmtpTransport } from '../../../lib/smtp/transport.ts';
import { refusedConnection } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

const minute = 60_000;
const hour = 60 * minute;
const busy: SmtpFailure = {
  phase: 'connect',
  reused: false,
  error: { kind: 'deadline', message: 'no session became free in time' },
};

function published(): Stage {
  const stage = new Stage();
  stage.publish(mail());
  return stage;
}

/** Invocations that find the relay busy after so many milliseconds, until the mail is given up. Returns its receives. */
async function neverFree(stage: Stage, patienceMs: number): Promise<number> {
  const { world } = stage;
  const acquire: SmtpTransport['acquire'] = async () => {
    world.now += patienceMs;
    return { ok: false, failure: busy };
  };
  const transport = { ...stage.ports().transport, acquire };
  let receives = 0;
  while (world.queue.size > 0 && receives < 1000) {
    world.skipToNextVisible();
    await stage.invoke({ ports: { transport } });
    receives += 1;
  }
  return receives;
}

it.each([0, 50_000])(
  'five days of a relay that is busy for good, for %i ms a time, take fewer than 500 receives',
  async (patienceMs) => {
    const stage = published();
    const publishedAt = stage.world.now;

    const receives = await neverFree(stage, patienceMs);

    expect(receives).toBeLessThan(500);
    expect(stage.world.now - publishedAt).toBeGreaterThanOrEqual(120 * hour);
    const [entry] = stage.world.deadLetters;
    expect(entry?.attributes).toMatchObject({ reason: 'retry-exhausted', detail: expect.stringContaining('432000') });
  },
);

it('a mail that finds a busy relay is visible again at once, the first few times', async () => {
  const stage = published();
  stage.unreachable['primary'] = busy;

  await stage.invoke();

  expect(stage.told('waiting')).toMatchObject([{ why: 'no-time', visibleAt: stage.world.now }]);
});

it('a busy relay beside one that is down is no reason to come back at once', async () => {
  const stage = published();
  stage.relays = [
    { relay: 'primary', maxRecipients: 100 },
    { relay: 'second', maxRecipients: 100 },
  ];
  stage.unreachable['primary'] = refusedConnection;
  stage.unreachable['second'] = busy;

  await stage.invoke();

  expect(stage.told('waiting')).toMatchObject([{ why: 'no-relay', visibleAt: stage.world.now + minute / 2 }]);
});
