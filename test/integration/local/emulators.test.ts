import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Emulators, startEmulators } from '../../../local/platform/emulators.ts';

let emulators: Emulators;

beforeEach(async () => {
  emulators = await startEmulators();
});
afterEach(() => emulators.close());

function urls(): URL[] {
  const { sqs, dynamodb, secretsManager, lambda } = emulators.endpoints;
  return [sqs, dynamodb, secretsManager, lambda].map((url) => new URL(url));
}

it('listens on 127.0.0.1 only', async () => {
  for (const { hostname, port } of urls()) {
    expect(hostname).toBe('127.0.0.1');
    // Another address of the same machine: refused, where a server on all interfaces would accept.
    const [error] = await once(connect({ host: '127.0.0.2', port: Number(port) }), 'error').catch((e) => [e]);
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  }
});

it('survives clients that go away in the middle of a request', async () => {
  for (const { hostname, port } of urls()) {
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    socket.write(
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n\r\n{',
    );
    await new Promise((done) => setImmediate(done));
    socket.resetAndDestroy();
    await once(socket, 'close');
  }
  for (const url of urls()) expect((await fetch(url)).status).toBeGreaterThan(0);
});
