import { createHmac } from 'node:crypto';

export interface AuthStep {
  readonly reply: string;
  readonly done: boolean;
  /** Set when the login succeeded. */
  readonly user?: string;
}

/** Takes the client's next line (undefined for the first call, which answers the AUTH command itself). */
export type AuthExchange = (line: string | undefined) => AuthStep;

interface Login {
  readonly user: string;
  readonly password: string;
}

const challenge = Buffer.from('<1896.697170952@scripted.example>').toString('base64');
const refused: AuthStep = { reply: '535 5.7.8 authentication failed', done: true };
const decode = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString('utf8');

/** SASL on the server's side: PLAIN and LOGIN (RFC 4954), CRAM-MD5 (RFC 2195), XOAUTH2 (Google's and Microsoft's). */
export function startAuth(command: string, mechanisms: readonly string[], login: Login): AuthExchange {
  const [, mechanism = '', initial] = command.split(' ');
  const accept = (granted: boolean): AuthStep =>
    granted ? { reply: '235 2.7.0 welcome', done: true, user: login.user } : refused;
  if (!mechanisms.includes(mechanism)) return () => ({ reply: '504 5.5.4 mechanism not offered', done: true });
  switch (mechanism) {
    case 'PLAIN':
      return () => accept(decode(initial) === `\0${login.user}\0${login.password}`);
    case 'CRAM-MD5':
      return (line) => {
        if (line === undefined) return { reply: `334 ${challenge}`, done: false };
        const digest = createHmac('md5', login.password).update(decode(challenge)).digest('hex');
        return accept(decode(line) === `${login.user} ${digest}`);
      };
    case 'XOAUTH2':
      return (line) => {
        if (line !== undefined) return refused;
        if (decode(initial) === `user=${login.user}\x01auth=Bearer ${login.password}\x01\x01`) return accept(true);
        return { reply: `334 ${Buffer.from('{"status":"401"}').toString('base64')}`, done: false };
      };
    default:
      return loginExchange(accept, login);
  }
}

function loginExchange(accept: (granted: boolean) => AuthStep, login: Login): AuthExchange {
  const said: string[] = [];
  return (line) => {
    if (line !== undefined) said.push(decode(line));
    if (said.length === 0) return { reply: '334 VXNlcm5hbWU6', done: false };
    if (said.length === 1) return { reply: '334 UGFzc3dvcmQ6', done: false };
    return accept(said[0] === login.user && said[1] === login.password);
  };
}
