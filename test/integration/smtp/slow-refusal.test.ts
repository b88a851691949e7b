import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createRig } from './rig.ts';

/** Sessions open within a fifth of it, or others are opened too: 500 ms. */
const fairMs = 2500;
const tarpitMs = 800;

/** A relay that thinks about every login for a while, and refuses it. */
async function startTarpit() {
  const logins: string[] = [];
  const server = createServer((socket) => {
    const say = (line: string) => socket.write(`${line}\r\n`);
    socket.on('error', () => undefined);
    say('220 tarpit');
    createInterface({ input: socket }).on('line', async (line) => {
      if (line.startsWith('EHLO')) say('250-tarpit\r\n250 AUTH PLAIN');
      if (!line.startsWith('AUTH')) return;
      logins.push(line);
      await pause(tarpitMs);
      say('535 5.7.8 authentication failed');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { port, logins };
}

it('of several sessions that are wanted at once, a relay that refuses slowly meets one login', async () => {
  const { port, logins } = await startTarpit();
  const timeouts = { connectMs: fairMs, greetingMs: fairMs, commandMs: fairMs, finalReplyMs: fairMs };
  const rig = createRig({ timeouts });
  const auth = { kind: 'password', username: 'shop', password: 'old' } as const;
  const settings = {
    relay: 'tarpit',
    version: 'v1',
    host: '127.0.0.1',
    port,
    tls: 'none',
    maxSessions: 5,
    auth,
  } as const;

  const failures = await Promise.all(Array.from({ length: 5 }, () => rig.refusal(settings)));

  expect(failures.map(({ phase }) => phase)).toEqual(Array(5).fill('auth'));
  expect(logins).toHaveLength(1);
});
