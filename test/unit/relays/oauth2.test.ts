import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { fetchToken } from '../../../lib/relays/oauth2.ts';

const clientSecret = 'cl1ent+s3cret/&=';
const servers: Server[] = [];

async function startEndpoint(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/token`;
}

function answering(status: number, body: string, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
}

const ask = (tokenUrl: string, signal = AbortSignal.timeout(10_000)) =>
  fetchToken(
    { tokenUrl, clientId: 'client id', clientSecret, scope: 'https://outlook.office365.com/.default' },
    signal,
  );

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('a token endpoint that answers', () => {
  it('is asked with a form, for client credentials, on a connection of its own', async () => {
    const seen: { request: IncomingMessage; body: string }[] = [];
    const url = await startEndpoint(async (request, response) => {
      seen.push({ request, body: await text(request) });
      response.end('{"token_type":"Bearer","expires_in":3599,"access_token":"eyJ.abc-_~"}');
    });

    expect(await ask(url)).toEqual({ ok: true, accessToken: 'eyJ.abc-_~', lifetimeMs: 3_599_000 });
    expect(seen).toHaveLength(1);
    expect(seen[0]?.request.method).toBe('POST');
    expect(seen[0]?.request.headers['content-type']).toMatch('application/x-www-form-urlencoded');
    expect(seen[0]?.request.headers.connection).toBe('close');
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'client id',
      client_secret: clientSecret,
      scope: 'https://outlook.office365.com/.default',
    });
  });

  it.each([
    ['as a string', '"expires_in":"3599",', 3_599_000],
    ['not at all', '', 300_000],
    ['as nonsense', '"expires_in":"soon",', 300_000],
  ])('may name the lifetime %s', async (_name, field, lifetimeMs) => {
    const url = await startEndpoint(answering(200, `{${field}"access_token":"abc"}`));

    expect(await ask(url)).toEqual({ ok: true, accessToken: 'abc', lifetimeMs });
  });
});

describe('a token endpoint that refuses', () => {
  it('is quoted, without the secret', async () => {
    const description = `AADSTS7000215: Invalid client secret '${clientSecret}' (${encodeURIComponent(clientSecret)}).\r\nTrace`;
    const url = await startEndpoint(
      answering(401, JSON.stringify({ error: 'invalid_client', error_description: description })),
    );

    expect(await ask(url)).toEqual({
      ok: false,
      rejected: true,
      message:
        "the token endpoint refused with 401: invalid_client: AADSTS7000215: Invalid client secret '***' (***). Trace",
    });
  });

  it('for the moment is not taken for a refusal of the client', async () => {
    const url = await startEndpoint(answering(400, '{"error":"temporarily_unavailable"}'));

    expect(await ask(url)).toMatchObject({ ok: false, rejected: false });
  });
});

describe('a token endpoint that is none', () => {
  it.each([
    ['answers HTML', answering(200, '<html>hello</html>', { 'content-type': 'text/html' }), 'is not a JSON object'],
    ['answers JSON of another kind', answering(200, '["abc"]'), 'is not a JSON object'],
    ['gives no token', answering(200, '{"token_type":"Bearer"}'), 'without a usable access_token'],
    [
      'gives a token that breaks out',
      answering(200, '{"access_token":"abc\\u0001\\r\\nRSET"}'),
      'without a usable access_token',
    ],
    ['answers 500', answering(500, '<html>oops</html>'), 'answered 500'],
    ['answers 404 with HTML', answering(404, '<html>not here</html>'), 'answered 404'],
    ['redirects', answering(302, '', { location: 'https://elsewhere.example.net/' }), 'answered 302, a redirect'],
    ['sends too much', answering(200, `{"access_token":"${'a'.repeat(70_000)}"}`), 'more than 65536 bytes'],
    ['hangs up', (request) => request.socket.destroy(), 'could not be reached (UND_ERR_SOCKET)'],
  ] satisfies [string, RequestListener, string][])('%s', async (_name, listener, reason) => {
    const url = await startEndpoint(listener);

    const answer = await ask(url);
    expect(answer).toMatchObject({ ok: false, rejected: false, message: expect.stringContaining(reason) });
  });

  it('is down', async () => {
    const url = await startEndpoint(answering(200, '{}'));
    const server = servers.pop();
    await new Promise((resolve) => server?.close(resolve));

    expect(await ask(url)).toMatchObject({ message: 'the token endpoint could not be reached (ECONNREFUSED)' });
  });

  it.each([
    ['says nothing', (): void => undefined],
    ['stops in the middle', (_request, response) => void response.write('{"access_token":')],
  ] satisfies [string, RequestListener][])('%s, and is left when the time is up', async (_name, listener) => {
    const controller = new AbortController();
    const url = await startEndpoint((request, response) => {
      listener(request, response);
      setImmediate(() => controller.abort());
    });

    expect(await ask(url, controller.signal)).toEqual({
      ok: false,
      rejected: false,
      message: 'the token endpoint did not answer in time',
    });
  });
});
