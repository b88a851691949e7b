import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';
import { createCertificate } from '../../../local/relays/certificate.ts';
import { type EmbeddedRelay, type RelayOptions, startRelay } from '../../../local/relays/relay.ts';

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options: Partial<RelayOptions> = {}): Promise<EmbeddedRelay> {
  const relay = await startRelay({ name: 'primary', deliver: () => undefined, ...options });
  closers.push(() => relay.close());
  return relay;
}

/** A session that has been greeted. */
async function greeted({ port }: EmbeddedRelay): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  closers.push(() => void socket.destroy());
  await once(createInterface(socket), 'line');
  return socket;
}

function pooled({ secret: { host, port, username: user, password: pass, ca, servername } }: EmbeddedRelay) {
  const auth = { user: user ?? '', pass: pass ?? '' };
  const transport = createTransport({ host, port, requireTLS: true, tls: { ca, servername }, auth, pool: true });
  closers.push(() => transport.close());
  return () => transport.sendMail({ from: 'a@example.com', to: 'b@example.org', text: 'Hi' });
}

describe('sessions of an embedded relay', () => {
  it('end when they are silent for too long', async () => {
    const socket = await greeted(await open({ idleMs: 50 }));
    await once(socket, 'close');
  });

  it('end all at once, and new ones are welcome', async () => {
    const relay = await open();
    const sockets = await Promise.all([greeted(relay), greeted(relay)]);
    const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
    relay.dropSessions();
    await closed;
    await greeted(relay);
  });

  it('of an old password take no mail any more, and new ones want the new password', async () => {
    const relay = await open({ certificate: await createCertificate() });
    const [sendOld, logInOld] = [pooled(relay), pooled(relay)];
    await sendOld();
    relay.changePassword();
    await expect(sendOld()).rejects.toMatchObject({ responseCode: 530 });
    await expect(logInOld()).rejects.toMatchObject({ responseCode: 535 });
    await pooled(relay)();
  });
});
