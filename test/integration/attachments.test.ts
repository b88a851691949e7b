import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { buildApp } from 'fauxqs';
import { simpleParser } from 'mailparser';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readIntakeMessage } from '../../lib/intake/read.ts';
import { buildMessage } from '../../lib/mime/build.ts';
import type { S3Location } from '../../lib/mime/contracts.ts';
import { fetchS3Object } from '../../lib/mime/s3-source.ts';
import { systemClock } from '../../lib/platform/clock.ts';

const clients: S3Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

function clientOf(endpoint: string): S3Client {
  const client = new S3Client({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  clients.push(client);
  return client;
}

const fetchFrom = (endpoint: string, location: Partial<S3Location> = {}, maxBytes = 1000, withinMs = 5000) =>
  fetchS3Object(clientOf(endpoint), systemClock, placeOf(location), {
    maxBytes,
    deadline: systemClock.now() + withinMs,
  });

const fetchStart = (endpoint: string, maxBytes: number, location: Partial<S3Location> = {}) => {
  const deadline = systemClock.now() + 5000;
  return fetchS3Object(clientOf(endpoint), systemClock, placeOf(location), { maxBytes, deadline, startOnly: true });
};

const placeOf = (location: Partial<S3Location>): S3Location => ({
  kind: 's3',
  bucket: 'mail',
  key: 'receipt.pdf',
  ...location,
});

describe('an attachment in S3', () => {
  const app = buildApp({ logger: false });
  const content = Buffer.from(Array.from({ length: 700 }, (_, index) => index % 256));
  let endpoint = '';

  beforeAll(async () => {
    endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
    const client = clientOf(endpoint);
    await client.send(new CreateBucketCommand({ Bucket: 'mail' }));
    for (const [Key, Body] of [
      ['receipt.pdf', content],
      ['a b/ü+1.pdf', content],
      ['empty', Buffer.alloc(0)],
    ] as const) {
      await client.send(new PutObjectCommand({ Bucket: 'mail', Key, Body }));
    }
  });
  afterAll(() => app.close());

  it.each(['receipt.pdf', 'a b/ü+1.pdf'])('is read whole: %s', async (key) => {
    expect(await fetchFrom(endpoint, { key })).toEqual({ ok: true, bytes: content });
  });

  it('may be empty, and may be as large as there is room', async () => {
    expect(await fetchFrom(endpoint, { key: 'empty' })).toEqual({ ok: true, bytes: Buffer.alloc(0) });
    expect(await fetchFrom(endpoint, {}, 700)).toMatchObject({ ok: true });
  });

  it('is not read when it is too large', async () => {
    expect(await fetchFrom(endpoint, {}, 699)).toEqual({ ok: false, reason: 'too-large' });
  });

  it('is read from its start, as far as it is wanted', async () => {
    expect(await fetchStart(endpoint, 300)).toEqual({ ok: true, bytes: content.subarray(0, 300) });
    expect(await fetchStart(endpoint, 1000)).toEqual({ ok: true, bytes: content });
    expect(await fetchStart(endpoint, 300, { key: 'missing' })).toMatchObject({ ok: false, reason: 'unavailable' });
  });

  it.each([
    ['object', { key: 'missing' }, 'an object that does not exist'],
    ['bucket', { bucket: 'missing' }, 'a bucket that does not exist'],
  ])('is unavailable when the %s is missing', async (_, location, rule) => {
    expect(await fetchFrom(endpoint, location)).toMatchObject({
      ok: false,
      reason: 'unavailable',
      rule: expect.stringContaining(rule),
    });
  });

  it('reaches the recipient', async () => {
    const body = JSON.stringify({
      from: 'shop@example.com',
      to: ['ada@example.org'],
      attachments: [{ filename: 'r.pdf', s3: { bucket: 'mail', key: 'receipt.pdf' } }],
    });
    const rules = { allowedFromDomains: [], attachmentBuckets: ['mail'] };
    const read = readIntakeMessage({ body, messageId: 'm', sentTimestamp: 0, attributes: {} }, rules);
    if (!read.ok) throw new Error('not readable');
    const built = await buildMessage(read.mail, {
      fetchObject: (location, maxBytes) => fetchFrom(endpoint, location, maxBytes),
      date: 0,
      maxMessageBytes: 10_000,
      allowedFromDomains: [],
    });
    const [attachment] = (await simpleParser(built.ok ? built.message : '')).attachments;
    expect(attachment).toMatchObject({ filename: 'r.pdf', content });
  });
});

/** Runs `work` against a server that stands in for S3 in a bad hour. */
async function withServer<T>(listener: RequestListener, work: (endpoint: string) => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await work(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const errorOf = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
const answering =
  (status: number, code: string): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' }).end(errorOf(code));
  };

describe('S3 in a bad hour', () => {
  it('gives a whole object although its start was asked for: the rest is left unread', async () => {
    const ranges: unknown[] = [];
    const whole: RequestListener = ({ headers }, response) => {
      ranges.push(headers.range);
      response.writeHead(200).end(Buffer.alloc(1_000_000, 'x'));
    };

    const fetched = await withServer(whole, (endpoint) => fetchStart(endpoint, 300));

    expect(fetched).toEqual({ ok: true, bytes: Buffer.alloc(300, 'x') });
    expect(ranges).toEqual(['bytes=0-299']);
  });

  it.each([
    [404, 'NoSuchVersion', 'unavailable'],
    [403, 'AccessDenied', 'unavailable'],
    [403, 'InvalidObjectState', 'unavailable'],
    [405, 'MethodNotAllowed', 'unavailable'],
    [400, 'InvalidArgument', 'unavailable'],
    [301, 'PermanentRedirect', 'unavailable'],
    [400, 'AuthorizationHeaderMalformed', 'unavailable'],
    [400, 'InvalidBucketName', 'unavailable'],
    [400, 'KeyTooLongError', 'unavailable'],
    [403, 'AllAccessDisabled', 'unavailable'],
    [400, 'KMS.DisabledException', 'unavailable'],
    [400, 'KMS.NotFoundException', 'unavailable'],
    [400, 'InvalidRequest', 'unavailable'],
    [503, 'SlowDown', 'retry'],
    [500, 'InternalError', 'retry'],
    [400, 'ExpiredToken', 'retry'],
    [403, 'RequestTimeTooSkewed', 'retry'],
    [418, 'SomethingNew', 'unavailable'],
    [307, 'TemporaryRedirect', 'retry'],
    [400, 'RequestTimeout', 'retry'],
    [408, 'Anything', 'retry'],
    [409, 'OperationAborted', 'retry'],
    [429, 'Anything', 'retry'],
    [400, 'ThrottlingException', 'retry'],
    [400, 'KMS.ThrottlingException', 'retry'],
    [400, 'InvalidToken', 'retry'],
    [403, 'InvalidAccessKeyId', 'retry'],
    [403, 'SignatureDoesNotMatch', 'retry'],
    [503, 'SomethingNew', 'retry'],
  ])('answers %i %s: %s', async (status, code, reason) => {
    expect(await withServer(answering(status, code), (endpoint) => fetchFrom(endpoint))).toMatchObject({
      ok: false,
      reason,
    });
  });

  it('refuses for good: its error code is told', async () => {
    expect(await withServer(answering(400, 'InvalidArgument'), (endpoint) => fetchFrom(endpoint))).toMatchObject({
      rule: expect.stringContaining('InvalidArgument'),
    });
  });

  it('is not S3 at all: what a proxy forbids is tried again later', async () => {
    const proxy: RequestListener = (_, response) => {
      response.writeHead(403, { 'content-type': 'text/html' }).end('<html><body>Forbidden<br></body></html>');
    };
    expect(await withServer(proxy, (endpoint) => fetchFrom(endpoint))).toMatchObject({ ok: false, reason: 'retry' });
  });

  it.each<[string, RequestListener]>([
    ['closes the connection', (request) => request.socket.destroy()],
    [
      'breaks off in the middle of the object',
      (request, response) => {
        response.writeHead(200, { 'content-length': '500' });
        response.write('x'.repeat(100), () => request.socket.destroy());
      },
    ],
    ['says no word', () => {}],
    [
      'stops in the middle of the object',
      (_, response) => {
        response.writeHead(200, { 'content-length': '500' });
        response.write('x'.repeat(100));
      },
    ],
  ])('%s: the mail is tried again later', async (_, listener) => {
    const fetched = await withServer(listener, (endpoint) => fetchFrom(endpoint, {}, 1000, 300));
    expect(fetched).toMatchObject({ ok: false, reason: 'retry' });
  });

  it('is unreachable: the mail is tried again later', async () => {
    const endpoint = await withServer(answering(500, 'x'), async (url) => url);
    expect(await fetchFrom(endpoint)).toMatchObject({ ok: false, reason: 'retry' });
  });

  it('sends more than it announced: no more than the room is read', async () => {
    const endless: RequestListener = (_, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.write('x'.repeat(10_000)));
      };
      response.on('drain', more);
      more();
    };
    expect(await withServer(endless, (endpoint) => fetchFrom(endpoint))).toEqual({ ok: false, reason: 'too-large' });
  });
});
