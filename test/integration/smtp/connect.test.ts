import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { createRig, movableClock, patient, settingsFor, start } from './rig.ts';

const closedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
};

it('tells a refused connection', async () => {
  const rig = createRig();
  const failure = await rig.refusal(settingsFor({ port: await closedPort() }));
  expect(failure).toEqual({ phase: 'connect', reused: false, error: { kind: 'refused', message: 'ECONNREFUSED' } });
  expect(rig.events).toEqual(['opened', 'failed:connect']);
});

it('takes the address of a name that has several which works', async () => {
  const { relay, rig } = await start(
    {},
    {
      lookup: (_host, _options, answer) =>
        answer(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ]),
    },
  );
  expect((await rig.deliver(settingsFor(relay, { host: 'relay.example' }))).accepted).toHaveLength(1);
});

it.each([
  ['does not resolve', patient, 'ENOTFOUND'],
  ['is not answered', { ...patient, connectMs: 50 }, 'no answer within 50 ms'],
])('tells a name that %s', async (_what, timeouts, message) => {
  const rig = createRig({
    timeouts,
    lookup: (_host, _options, answer) => {
      const error = Object.assign(new Error('getaddrinfo ENOTFOUND relay.example'), { code: 'ENOTFOUND' });
      if (message === 'ENOTFOUND') answer(error, []);
    },
  });
  const failure = await rig.refusal(settingsFor({ port: 25 }, { host: 'relay.example' }));
  expect(failure).toEqual({ phase: 'dns', reused: false, error: { kind: 'dns', message } });
});

it('survives a port that is none', async () => {
  const rig = createRig();
  expect(await rig.refusal(settingsFor({ port: 70_000 }))).toMatchObject({
    phase: 'connect',
    error: { kind: 'refused' },
  });
});

it('tells how long the relay took to greet', async () => {
  const clock = movableClock();
  const greeting = () => {
    clock.advance(25_000);
    return undefined;
  };
  const { relay, rig } = await start({ script: { greeting } }, { clock });
  const session = await rig.acquire(settingsFor(relay), { withinMs: 100_000 });
  const { connectMs = 0, greetingMs = 0 } = session.setUp ?? {};
  // The relay's clock may be ahead of our end of the connection.
  expect(connectMs + greetingMs).toBeGreaterThanOrEqual(25_000);
  session.release();
  expect((await rig.acquire(settingsFor(relay))).setUp).toBeUndefined();
});
