import type { Channel } from './channel.ts';

/** RSET on an idle session: true when it can take the next mail. */
export function reset(channel: Channel, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let code = 0;
    channel.use({
      reply: (reply) => {
        code = reply.code;
      },
      lost: () => resolve(false),
    });
    channel.arm(limitMs);
    channel.connection.reset(() => {
      channel.disarm();
      resolve(code === 250);
    });
  });
}

/** QUIT on an idle session. True when the relay answered 221; in any case no socket is left afterwards. */
export function quit(channel: Channel, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let answered = false;
    channel.use({
      reply: (reply) => {
        answered = reply.code === 221;
      },
      // The relay closes after its 221 (RFC 5321 §4.1.1.10); the bound is for one that does not.
      lost: () => resolve(answered),
    });
    channel.arm(limitMs);
    channel.connection.quit();
  });
}
