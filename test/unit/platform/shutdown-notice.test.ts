import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it, vi } from 'vitest';
import { askForShutdownNotice } from '../../../lib/platform/shutdown-notice.ts';

interface Asked {
  readonly what: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server | undefined;
const asked: Asked[] = [];
const onRefused = vi.fn();

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  asked.length = 0;
  onRefused.mockReset();
});

/** An Extensions API that answers the registration like this; undefined: not at all. */
async function extensionsApi(status: number | undefined, headers: Record<string, string> = {}): Promise<string> {
  const api = createServer(async (request, response) => {
    const what = `${request.method} ${request.url}`;
    asked.push({ what, headers: request.headers, body: await text(request) });
    if (what.startsWith('POST') && status !== undefined) response.writeHead(status, headers).end('{}');
  });
  server = api;
  await new Promise<void>((done) => api.listen(0, '127.0.0.1', done));
  return `127.0.0.1:${(api.address() as AddressInfo).port}`;
}

it('registers an extension that wants no events, and asks for its next event once', async () => {
  await askForShutdownNotice(await extensionsApi(200, { 'Lambda-Extension-Identifier': 'id-1' }), onRefused);
  await expect.poll(() => asked.length).toBe(2);

  const [registration, next] = asked;
  expect(registration).toMatchObject({ what: 'POST /2020-01-01/extension/register', body: '{"events":[]}' });
  expect(registration?.headers['lambda-extension-name']).toMatch(/^[\w-]+$/);
  expect(next).toMatchObject({ what: 'GET /2020-01-01/extension/event/next' });
  expect(next?.headers['lambda-extension-identifier']).toBe('id-1');
  expect(onRefused).not.toHaveBeenCalled();
});

it.each([
  ['does not know extensions', 404],
  ['refuses', 403],
  ['answers without an identifier', 200],
  ['does not answer', undefined],
])('goes on without notice when Lambda %s', async (_, status) => {
  await askForShutdownNotice(await extensionsApi(status), onRefused);

  expect(onRefused).toHaveBeenCalledOnce();
  expect(asked.map(({ what }) => what)).toEqual(['POST /2020-01-01/extension/register']);
});

it('goes on without notice when nobody listens', async () => {
  await askForShutdownNotice('127.0.0.1:1', onRefused);

  expect(onRefused).toHaveBeenCalledOnce();
});

it('survives that the environment ends', async () => {
  await askForShutdownNotice(await extensionsApi(200, { 'Lambda-Extension-Identifier': 'id-1' }), onRefused);
  await expect.poll(() => asked.length).toBe(2);

  server?.closeAllConnections();
  await new Promise((done) => setImmediate(done));

  expect(onRefused).not.toHaveBeenCalled();
});

it('asks nobody outside of Lambda', async () => {
  await askForShutdownNotice(undefined, onRefused);

  expect(onRefused).not.toHaveBeenCalled();
});
