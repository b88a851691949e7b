import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE } from 'dns-packet';

/** What the server knows of a name: records, one of DNS's ways to fail, or nothing at all (it stays silent). */
export type Zone = Readonly<Record<string, readonly Answer[] | 'NXDOMAIN' | 'SERVFAIL' | 'silent'>>;

export interface DnsServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** `TYPE name` of every query, in order. */
  readonly queries: readonly string[];
  close(): Promise<void>;
}

/** Response codes (RFC 1035 §4.1.1), which stand in the flags. */
const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const;

/**
 * A recursive name server on loopback that speaks real DNS over UDP. A name that has records, but none of the type that
 * is asked for, gives an empty answer; a CNAME is followed within the zone, as a recursive server does.
 */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const queries: string[] = [];
  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    const { id = 0, questions = [] } = decode(message);
    const [question] = questions;
    if (question === undefined) return;
    queries.push(`${question.type} ${question.name}`);
    const found = zone[question.name] ?? 'NXDOMAIN';
    if (found === 'silent') return;
    const code = typeof found === 'string' ? found : 'NOERROR';
    const answers = typeof found === 'string' ? [] : resolve(zone, question.name, question.type);
    const flags = AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | codes[code];
    socket.send(encode({ type: 'response', id, flags, questions, answers: [...answers] }), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    queries,
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function resolve(zone: Zone, name: string, type: string): readonly Answer[] {
  const records = zone[name];
  if (records === undefined || typeof records === 'string') return [];
  const alias = records.find((record) => record.type === 'CNAME');
  if (alias?.type === 'CNAME') return [alias, ...resolve(zone, alias.data, type)];
  return records.filter((record) => record.type === type);
}
