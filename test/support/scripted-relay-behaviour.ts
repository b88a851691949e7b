import type { Socket } from 'node:net';

/** What a scripted relay can do wrong instead of answering. */
export const faults = [
  'garbage', // a complete line that is no SMTP reply
  'empty-line', // CRLF alone
  'half-line', // the beginning of a 250 reply, then FIN
  'long-line', // 1 MiB of one line that never ends
  'stall', // silence; the connection stays open
  'trickle', // one byte every few milliseconds, never a complete reply
  'close', // FIN
  'reset', // RST
] as const;
export type Fault = (typeof faults)[number];

/** A fault, or a reply of several lines separated by `\n`. After a 421 the relay closes, as RFC 5321 §3.8 has it. */
export type Behaviour = Fault | { readonly reply: string };

const trickleEveryMs = 3;
const longLine = Buffer.alloc(1024 * 1024, 'x');

/**
 * Does it on the wire. `raw` is the TCP socket under `socket` when that is TLS: only TCP can be reset. Returns true when
 * the relay's part in the conversation is over: whatever the client says from now on is read and ignored.
 */
export function perform(behaviour: Behaviour, socket: Socket, raw: Socket, trickling = '250-'): boolean {
  if (typeof behaviour === 'object') {
    socket.write(`${behaviour.reply.split('\n').join('\r\n')}\r\n`);
    if (behaviour.reply.startsWith('421')) socket.end();
    return behaviour.reply.startsWith('421');
  }
  if (behaviour === 'trickle') trickle(socket, trickling);
  else performFault(behaviour, socket, raw);
  // After these two the conversation could go on: a client that skips the line would get its next reply out of step.
  return behaviour !== 'garbage' && behaviour !== 'empty-line';
}

function performFault(fault: Exclude<Fault, 'trickle'>, socket: Socket, raw: Socket): void {
  switch (fault) {
    case 'garbage':
      socket.write('this is not the reply you are waiting for\r\n');
      return;
    case 'empty-line':
      socket.write('\r\n');
      return;
    case 'half-line':
      socket.end('25');
      return;
    case 'long-line':
      socket.write('250 ');
      socket.write(longLine);
      return;
    case 'stall':
      return;
    case 'close':
      socket.end();
      return;
    case 'reset':
      // What was answered before must still arrive.
      socket.uncork();
      raw.resetAndDestroy();
  }
}

/** The beginning of something that never ends: another line of the reply now and then, so that no line grows too long. */
function trickle(socket: Socket, beginning: string): void {
  const timer = setInterval(() => socket.write(socket.bytesWritten % 16 === 0 ? '\r\n250-' : '-'), trickleEveryMs);
  socket.write(beginning, 'latin1');
  socket.once('close', () => clearInterval(timer));
}
