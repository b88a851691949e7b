import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Mailbox, MailFilter } from './mailbox.ts';
import { mailboxPage } from './page.ts';

export interface MailboxServer {
  /** `http://127.0.0.1:PORT`; a page for people. */
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** Mails that the page shows; the JSON list shows all that are kept. */
const pageLimit = 200;

/**
 * Serves the mailbox on loopback, reading only:
 * `GET /` a page; `GET /messages[?to=ADDRESS][&since=ISO-TIME]` a JSON list, oldest first; `GET /messages/ID` one mail as
 * JSON; `GET /messages/ID/raw` its bytes as text.
 */
export async function serveMailbox(mailbox: Mailbox): Promise<MailboxServer> {
  const server = createServer((request, response) => {
    respond(mailbox, request).then(
      (answer) => send(response, answer),
      (error: unknown) => send(response, plain(500, error instanceof Error ? error.message : 'Unknown error')),
    );
  });
  const listening = once(server, 'listening');
  server.listen(0, '127.0.0.1');
  await listening;
  return { url: `http://127.0.0.1:${portOf(server)}`, close: () => close(server) };
}

async function respond(mailbox: Mailbox, request: IncomingMessage): Promise<Answer> {
  // A web page elsewhere that points its own name at 127.0.0.1 must not read the mail.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? '')) return plain(403, 'Loopback only');
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'Only GET');
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [room, id, form, ...rest] = url.pathname.split('/').slice(1);
  if (room === '' && id === undefined) return page(mailbox);
  if (room !== 'messages' || rest.length > 0) return plain(404, 'Not found');
  return id === undefined ? list(mailbox, url.searchParams) : one(mailbox, id, form);
}

async function page(mailbox: Mailbox): Promise<Answer> {
  const newest = mailbox.list().slice(-pageLimit);
  const views = await Promise.all(newest.map((mail) => mailbox.view(mail)));
  return { status: 200, type: 'text/html; charset=utf-8', body: mailboxPage(views, mailbox.total()) };
}

async function list(mailbox: Mailbox, query: URLSearchParams): Promise<Answer> {
  const to = query.get('to');
  const since = query.get('since');
  const sinceMs = since === null ? undefined : Date.parse(since);
  if (Number.isNaN(sinceMs)) return plain(400, 'since: an ISO 8601 time, such as 2026-11-23T10:00:00Z');
  const filter: MailFilter = {
    ...(to !== null && { to }),
    ...(sinceMs !== undefined && { since: sinceMs }),
  };
  return json(await Promise.all(mailbox.list(filter).map((mail) => mailbox.view(mail))));
}

async function one(mailbox: Mailbox, id: string, form: string | undefined): Promise<Answer> {
  const mail = mailbox.find(id);
  if (mail === undefined || (form !== undefined && form !== 'raw')) return plain(404, 'No such message');
  if (form === 'raw') return { status: 200, type: 'text/plain; charset=utf-8', body: mail.message };
  return json(await mailbox.view(mail));
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/json; charset=utf-8', body: JSON.stringify(value, undefined, 2) };
}

function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(answer.body);
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The mailbox has no TCP port.');
  return address.port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
