/**
 * Good and bad days with a relay, in a process of its own: a test runner has timers that cannot be told from leaked ones.
 * Prints what is still active after everything was closed, and ends by itself only if that is nothing.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../../lib/platform/clock.ts';
import { createTransport } from '../../../lib/smtp/create-transport.ts';
import type { RelayConnectionSettings } from '../../../lib/smtp/transport.ts';
import { type Script, startScriptedRelay } from '../../support/scripted-relay.ts';
import { createCertificates } from '../../support/tls.ts';

const mode = process.argv[2] === 'implicit' || process.argv[2] === 'starttls' ? process.argv[2] : 'none';
const certificates = await createCertificates();
const relay = await startScriptedRelay(mode === 'none' ? {} : { tls: { mode, ...certificates.right } });
const nobody = (): void => {};
const timeouts = { connectMs: 5000, greetingMs: 5000, commandMs: 300, finalReplyMs: 300 };
const transport = createTransport({
  timeouts,
  observer: {
    connectionOpened: nobody,
    connectionClosed: nobody,
    connectionReused: nobody,
    connectionLost: nobody,
    connectionFailed: nobody,
    connectionReady: nobody,
  },
  clock: systemClock,
  idleMs: 30_000,
});
const settings: RelayConnectionSettings = {
  relay: 'primary',
  version: 'v1',
  host: '127.0.0.1',
  port: relay.port,
  tls: mode,
  ca: certificates.ca,
  maxSessions: 3,
};

async function deliver(message: Buffer, withinMs = 20_000): Promise<boolean> {
  const acquired = await transport.acquire(settings, { deadline: Date.now() + withinMs });
  if (!acquired.ok) return false;
  const envelope = { from: 'a@example.com', to: ['b@example.org', 'c@example.org'] };
  return (await acquired.session.send({ envelope, message }, Date.now() + withinMs)).accepted.length > 0;
}

const small = Buffer.from('Subject: hi\r\n\r\nhello\r\n');
const large = Buffer.alloc(24 * 1024 * 1024, 'line\r\n');
const days: readonly Script[] = [
  {},
  { rcpt: 'stall' },
  { final: 'reset' },
  { mail: { reply: '421 bye' } },
  { data: 'garbage' },
  { rcpt: { reply: '550 no' }, rset: 'close' },
];
for (const script of days) {
  relay.script = script;
  await Promise.all(Array.from({ length: 6 }, () => deliver(small)));
}
relay.script = { body: 'stall' };
await deliver(large);
relay.script = { greeting: 'stall' };
await Promise.all(Array.from({ length: 4 }, () => deliver(small, 100)));
relay.script = { quit: 'stall' };
// Only what must pass is short: a busy machine must not turn these answers into time-outs.
Object.assign(timeouts, { commandMs: 10_000, finalReplyMs: 10_000 });
const delivered = await Promise.all(Array.from({ length: 3 }, () => deliver(small)));
await transport.close();
await relay.close();
for (let turns = 0; turns < 20; turns += 1) await turn();
// What writes to the parent is not ours.
const active = process.getActiveResourcesInfo().filter((kind) => kind !== 'PipeWrap' && kind !== 'TTYWrap');
console.log(JSON.stringify({ delivered, active }));
