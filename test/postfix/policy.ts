import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A Postfix policy server: is asked at every RCPT, and answers an access(5) action. */
export interface PolicyServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Speaks Postfix's policy delegation protocol: `name=value` lines, an empty line, then the action.
 * https://www.postfix.org/SMTPD_POLICY_README.html
 */
export async function startPolicyServer(decide: (recipient: string) => string): Promise<PolicyServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => {});
    let text = '';
    socket.on('data', (chunk) => {
      const requests = (text + chunk.toString()).split('\n\n');
      text = requests.pop() ?? '';
      for (const request of requests) socket.write(`action=${decide(recipientOf(request))}\n\n`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function recipientOf(request: string): string {
  return /^recipient=(.*)$/m.exec(request)?.[1] ?? '';
}
