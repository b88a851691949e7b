import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMailbox, type Mailbox } from '../../../local/mailbox/mailbox.ts';
import { type MailboxServer, serveMailbox } from '../../../local/mailbox/server.ts';

const message = (subject: string, text = 'Hello') =>
  Buffer.from(
    `From: Shop <shop@example.com>\r\nTo: ada@example.org\r\nSubject: ${subject}\r\nX-Postroom-Id:\r\n abc\r\n\r\n${text}\r\n`,
  );
const mail = (to: string, subject = 'Hi', text?: string) => ({
  relay: 'primary',
  envelope: { from: 'shop@example.com', to: [to] },
  message: message(subject, text),
});

let now = Date.parse('2026-11-23T10:00:00Z');
let mailbox: Mailbox;
let server: MailboxServer;

beforeEach(async () => {
  mailbox = createMailbox({ maxMessages: 3, now: () => now });
  server = await serveMailbox(mailbox);
});
afterEach(() => server.close());

const get = (path: string) => fetch(`${server.url}${path}`);

describe('mailbox over HTTP', () => {
  it('lists what was delivered, with headers and text', async () => {
    mailbox.deliver(mail('ada@example.org', '=?utf-8?q?Caf=C3=A9?='));

    const response = await get('/messages');

    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toEqual([
      {
        id: '1',
        relay: 'primary',
        envelope: { from: 'shop@example.com', to: ['ada@example.org'] },
        receivedAt: '2026-11-23T10:00:00.000Z',
        size: message('=?utf-8?q?Caf=C3=A9?=').length,
        subject: 'Café',
        headers: expect.objectContaining({ 'X-Postroom-Id': 'abc', Subject: '=?utf-8?q?Caf=C3=A9?=' }),
        from: '"Shop" <shop@example.com>',
        to: 'ada@example.org',
        text: 'Hello\n',
      },
    ]);
  });

  it('filters by recipient and time', async () => {
    mailbox.deliver(mail('ada@example.org', 'first'));
    now += 60_000;
    mailbox.deliver(mail('ADA@example.org', 'second'));
    mailbox.deliver(mail('bob@example.org', 'third'));

    const subjects = async (query: string) =>
      ((await (await get(`/messages?${query}`)).json()) as { subject: string }[]).map(({ subject }) => subject);

    expect(await subjects('to=Ada@Example.org')).toEqual(['first', 'second']);
    expect(await subjects(`since=${new Date(now).toISOString()}`)).toEqual(['second', 'third']);
    expect(await subjects(`to=ada@example.org&since=${new Date(now).toISOString()}`)).toEqual(['second']);
    expect((await get('/messages?since=yesterday')).status).toBe(400);
  });

  it('shows one mail, parsed and as received', async () => {
    mailbox.deliver(mail('ada@example.org'));
    expect(await (await get('/messages/1')).json()).toMatchObject({ id: '1', text: 'Hello\n' });
    expect(await (await get('/messages/1/raw')).text()).toBe(message('Hi').toString());
    expect((await get('/messages/2')).status).toBe(404);
  });

  it('keeps the newest only', async () => {
    for (const subject of ['1', '2', '3', '4', '5']) mailbox.deliver(mail('ada@example.org', subject));
    expect(mailbox.list().map(({ id }) => id)).toEqual(['3', '4', '5']);
    expect(mailbox.total()).toBe(5);
  });

  it('keeps no more bytes than it may', () => {
    const small = createMailbox({ maxBytes: 2 * message('Hi').length });
    for (let count = 0; count < 4; count += 1) small.deliver(mail('ada@example.org'));
    expect(small.list().map(({ id }) => id)).toEqual(['3', '4']);
  });

  it('shows people a page on which mail cannot act', async () => {
    mailbox.deliver(mail('ada@example.org', '<script>alert(1)</script>', '<img src=x onerror=alert(1)>'));

    const response = await get('/');
    const page = await response.text();

    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).toContain('&#60;script&#62;');
    expect(page).not.toMatch(/<script|<img/);
  });

  it('answers to loopback names only', async () => {
    const status = await new Promise((resolve, reject) => {
      request(`${server.url}/messages`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it('is for reading only', async () => {
    expect((await fetch(`${server.url}/messages`, { method: 'DELETE' })).status).toBe(405);
    expect((await get('/nowhere')).status).toBe(404);
  });
});
