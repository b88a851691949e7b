import { Writable } from 'node:stream';
import DataStream from 'nodemailer/lib/smtp-connection/data-stream';
import { expect, it } from 'vitest';
import { MessageBody } from '../../../lib/smtp/message-body.ts';

/** A socket that takes a write only when told to. */
function slowSocket() {
  const written: Buffer[] = [];
  const pending: (() => void)[] = [];
  const socket = new Writable({
    highWaterMark: 64 * 1024,
    write(chunk: Buffer, _encoding, done) {
      pending.push(() => {
        written.push(chunk);
        done();
      });
    },
  });
  return { socket, pending, bytes: () => Buffer.concat(written).toString('latin1') };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function begin(message: Buffer) {
  const { socket, pending, bytes } = slowSocket();
  const seen: string[] = [];
  const body = new MessageBody(message, socket, {
    sliceTaken: () => seen.push('slice'),
    dotMayLeave: () => seen.push('dot'),
  });
  // As nodemailer does it.
  const stuffing = new DataStream();
  stuffing.pipe(socket, { end: false });
  body.pipe(stuffing);
  return { body, socket, pending, bytes, seen, stuffing };
}

it.each([0, 1, 1050, 64 * 1024, 300_000])(
  'holds the dot back until the socket has taken all %i bytes',
  async (size) => {
    const message = Buffer.alloc(size, '.line\r\n');
    const { pending, bytes, seen } = begin(message);
    const stuffed = message.toString().replaceAll('\r\n.', '\r\n..').replace(/^\./, '..');
    for (;;) {
      await turn();
      if (!bytes().startsWith(stuffed)) expect(seen).not.toContain('dot');
      const next = pending.shift();
      if (next === undefined) break;
      next();
    }
    expect(seen.at(-1)).toBe('dot');
    expect(seen.filter((each) => each === 'slice')).toHaveLength(Math.ceil(size / 65_536));
    expect(bytes()).toBe(`${stuffed}${stuffed.endsWith('\r\n') ? '' : '\r\n'}.\r\n`);
  },
);

it('never lets the dot go once it was destroyed', async () => {
  const { body, pending, bytes, seen } = begin(Buffer.from('hello\r\n'));
  await turn();
  body.destroy();
  while (pending.length > 0) {
    pending.shift()?.();
    await turn();
  }
  expect(seen).not.toContain('dot');
  expect(bytes()).not.toContain('\r\n.\r\n');
});

it('fails rather than guess when the output cannot be watched', async () => {
  const { socket } = slowSocket();
  const body = new MessageBody(Buffer.from('x'), socket, { sliceTaken: () => {}, dotMayLeave: () => {} });
  const failed = new Promise((resolve) => body.once('error', resolve));
  body.pipe(new Writable());
  expect(await failed).toBeInstanceOf(TypeError);
});
