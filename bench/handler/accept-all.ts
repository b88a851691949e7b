import { createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * An SMTP server that takes everything as fast as it can. Runs in a worker, so that its work is nobody's measurement. The
 * worker's data is its port; a random one when absent.
 */
const server = createServer({ noDelay: true }, (socket: Socket) => {
  let inData = false;
  let rest = '';
  socket.write('220 accept-all ESMTP\r\n');
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1');
    let answer = '';
    for (;;) {
      if (inData) {
        const end = rest.indexOf('\r\n.\r\n');
        if (end === -1) {
          rest = rest.slice(-4);
          break;
        }
        rest = rest.slice(end + 5);
        inData = false;
        answer += '250 2.0.0 queued\r\n';
        continue;
      }
      const end = rest.indexOf('\r\n');
      if (end === -1) break;
      const verb = rest.slice(0, 4).toUpperCase();
      rest = rest.slice(end + 2);
      inData = verb === 'DATA';
      answer += replies[verb] ?? '250 2.0.0 ok\r\n';
    }
    if (answer !== '') socket.write(answer);
  });
});

const replies: Readonly<Record<string, string>> = {
  EHLO: '250-accept-all\r\n250-PIPELINING\r\n250 8BITMIME\r\n',
  DATA: '354 go ahead\r\n',
  QUIT: '221 2.0.0 bye\r\n',
};

server.listen(Number(workerData ?? 0), '127.0.0.1', () => parentPort?.postMessage(server.address()));
