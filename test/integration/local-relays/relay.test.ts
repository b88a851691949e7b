import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';
import { createMailbox, type Mailbox } from '../../../local/mailbox/mailbox.ts';
import type { Behaviour } from '../../../local/relays/behaviour.ts';
import { createCertificate } from '../../../local/relays/certificate.ts';
import { type EmbeddedRelay, startRelay } from '../../../local/relays/relay.ts';
import { type RelayRule, scripted } from '../../../local/relays/rules.ts';

const certificate = await createCertificate();
const opened: EmbeddedRelay[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((relay) => relay.close()));
});

async function open(behaviour?: Behaviour, plaintext = false): Promise<{ relay: EmbeddedRelay; mailbox: Mailbox }> {
  const mailbox = createMailbox();
  const relay = await startRelay({
    name: 'primary',
    deliver: ({ relay: name, envelope, message }) => mailbox.deliver({ relay: name, envelope, message }),
    ...(behaviour && { behaviour }),
    ...(!plaintext && { certificate }),
  });
  opened.push(relay);
  return { relay, mailbox };
}

function send(relay: EmbeddedRelay, options: { to?: string[]; subject?: string; password?: string; ca?: string } = {}) {
  const { secret } = relay;
  const transport = createTransport({
    host: secret.host,
    port: secret.port,
    requireTLS: secret.tls === 'starttls',
    ignoreTLS: secret.tls === 'none',
    tls: { servername: secret.servername, ca: options.ca ?? secret.ca },
    ...(secret.username && { auth: { user: secret.username, pass: options.password ?? secret.password } }),
  });
  return transport.sendMail({
    from: 'shop@example.com',
    to: options.to ?? ['ada@example.org'],
    subject: options.subject ?? 'Hi',
    text: 'Hello\n.leading dot',
  });
}

const rule = (one: RelayRule): Behaviour => scripted([one]);

describe('embedded relay', () => {
  it('takes mail over STARTTLS and AUTH, byte for byte', async () => {
    const { relay, mailbox } = await open();

    const info = await send(relay, { to: ['ada@example.org', 'bob@example.net'] });

    const [mail, ...others] = mailbox.list();
    expect(others).toEqual([]);
    expect(mail?.envelope).toEqual({ from: 'shop@example.com', to: ['ada@example.org', 'bob@example.net'] });
    expect(mail?.message.toString()).toContain('\r\n.leading dot');
    expect(info.response).toMatch(/^250 2\.0\.0 Ok: queued as /);
  });

  it('takes mail in plaintext without AUTH when it has no certificate', async () => {
    const { relay, mailbox } = await open(undefined, true);
    await send(relay);
    expect(relay.secret).toEqual({ host: '127.0.0.1', port: relay.port, tls: 'none' });
    expect(mailbox.total()).toBe(1);
  });

  it('is not trusted without its CA', async () => {
    const { relay } = await open();
    const other = await createCertificate();
    await expect(send(relay, { ca: other.ca })).rejects.toThrow(/certificate|unable to verify/i);
  });

  it('refuses a wrong password with 535', async () => {
    const { relay, mailbox } = await open();
    await expect(send(relay, { password: 'wrong' })).rejects.toMatchObject({ responseCode: 535 });
    expect(mailbox.total()).toBe(0);
  });

  it('greylists the first attempt', async () => {
    const { relay, mailbox } = await open(
      rule({ at: 'rcpt', recipient: 'ada', times: 1, action: { kind: 'reply', code: 451, text: '4.7.1 Greylisted' } }),
    );
    await expect(send(relay)).rejects.toMatchObject({ responseCode: 451, response: '451 4.7.1 Greylisted' });
    await send(relay);
    expect(mailbox.total()).toBe(1);
  });

  it('refuses one recipient and takes the others', async () => {
    const { relay, mailbox } = await open(
      rule({ at: 'rcpt', recipient: 'nobody', action: { kind: 'reply', code: 550, text: '5.1.1 User unknown' } }),
    );
    const info = await send(relay, { to: ['ada@example.org', 'nobody@example.org'] });
    expect(info.rejected).toEqual(['nobody@example.org']);
    expect(mailbox.list()[0]?.envelope.to).toEqual(['ada@example.org']);
  });

  it('refuses content after the final dot', async () => {
    const { relay, mailbox } = await open(
      rule({ at: 'final', subject: 'pills', action: { kind: 'reply', code: 554, text: '5.7.1 Spam' } }),
    );
    await expect(send(relay, { subject: 'Cheap pills' })).rejects.toMatchObject({ responseCode: 554 });
    await send(relay, { subject: 'Receipt' });
    expect(mailbox.total()).toBe(1);
  });

  it.each([
    { name: 'throttles with 421', action: { kind: 'reply', code: 421, text: '4.7.0 Too many' }, at: 'mail', code: 421 },
    { name: 'refuses the greeting', action: { kind: 'reply', code: 554, text: 'No' }, at: 'connect', code: 554 },
    { name: 'refuses every login', action: { kind: 'reply', code: 535, text: '5.7.8 No' }, at: 'auth', code: 535 },
  ] as const)('$name', async ({ at, action, code }) => {
    const { relay } = await open(rule({ at, action }));
    await expect(send(relay)).rejects.toMatchObject({ responseCode: code });
  });

  it.each([
    { at: 'data', taken: false, delivered: 0 },
    { at: 'final', taken: false, delivered: 0 },
    { at: 'final', taken: true, delivered: 1 },
  ] as const)('drops the connection at $at, mail taken: $taken', async ({ at, taken, delivered }) => {
    const { relay, mailbox } = await open(rule({ at, times: 1, action: { kind: 'drop', taken } }));
    await expect(send(relay)).rejects.toThrow();
    expect(mailbox.total()).toBe(delivered);
    await send(relay);
    expect(mailbox.total()).toBe(delivered + 1);
  });

  it('answers late when told to', async () => {
    const { relay, mailbox } = await open(rule({ at: 'mail', action: { kind: 'delay', ms: 60 } }));
    const start = performance.now();
    await send(relay);
    expect(performance.now() - start).toBeGreaterThanOrEqual(60);
    expect(mailbox.total()).toBe(1);
  });

  it('goes down, comes back on the same port, and changes its ways', async () => {
    const { relay, mailbox } = await open();
    await relay.goDown();
    await expect(send(relay)).rejects.toMatchObject({ code: 'ESOCKET' });
    await relay.comeBack();
    await send(relay);
    relay.behave(rule({ at: 'rcpt', action: { kind: 'reply', code: 452, text: '4.2.2 Full' } }));
    await expect(send(relay)).rejects.toMatchObject({ responseCode: 452 });
    expect(mailbox.total()).toBe(1);
  });
});
