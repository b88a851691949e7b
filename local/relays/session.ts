import { setTimeout as delay } from 'node:timers/promises';
import type { SMTPServerAuthentication, SMTPServerDataStream, SMTPServerOptions, SMTPServerSession } from 'smtp-server';
import type { Behaviour, Moment } from './behaviour.ts';

/** A mail that a relay has taken. `message` is what followed DATA, dots unstuffed. */
export interface Delivery {
  readonly relay: string;
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly message: Buffer;
}

export type Deliver = (delivery: Delivery) => void;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface SessionContext {
  readonly relay: string;
  /** As they are now. */
  readonly credentials: () => Credentials;
  readonly deliver: Deliver;
  readonly behaviour: Behaviour;
  /** Destroys the connection with this remote port. */
  drop(remotePort: number): void;
}

type Handlers = Pick<SMTPServerOptions, 'onConnect' | 'onAuth' | 'onMailFrom' | 'onRcptTo' | 'onData'>;

/** A reply other than the usual one, in the form smtp-server wants it. */
class ReplyError extends Error {
  readonly responseCode: number;

  constructor(code: number, text: string) {
    super(text);
    this.responseCode = code;
  }
}

/** What the relay does at each point of a session. */
export function sessionHandlers(context: SessionContext): Handlers {
  return {
    onConnect: (session, callback) => void answer(context, session, { at: 'connect' }, callback),
    onAuth: (auth, session, callback) => {
      void answer(context, session, { at: 'auth' }, (error) => {
        if (error) callback(error);
        else if (isKnown(auth, context)) callback(null, { user: context.credentials().password });
        else callback(new ReplyError(535, '5.7.8 Authentication credentials invalid'));
      });
    },
    onMailFrom: (address, session, callback) => {
      // smtp-server keeps what `onAuth` said: here, the password that was good then.
      if (session.user !== undefined && session.user !== context.credentials().password) {
        return callback(new ReplyError(530, '5.7.0 Authentication required'));
      }
      void answer(context, session, { at: 'mail', from: address.address }, callback);
    },
    onRcptTo: (address, session, callback) => {
      void answer(context, session, { at: 'rcpt', recipient: address.address }, callback);
    },
    onData: (stream, session, callback) => takeMessage(context, session, stream, callback),
  };
}

function isKnown(auth: SMTPServerAuthentication, context: SessionContext): boolean {
  const { username, password } = context.credentials();
  return auth.username === username && auth.password === password;
}

/** Asks the behaviour and carries its answer out. A dropped session is never called back. */
async function answer(
  context: SessionContext,
  session: SMTPServerSession,
  moment: Moment,
  callback: (error?: Error | null) => void,
): Promise<void> {
  const action = context.behaviour(moment);
  switch (action.kind) {
    case 'accept':
      return callback();
    case 'reply':
      return callback(new ReplyError(action.code, action.text));
    case 'drop':
      return context.drop(session.remotePort);
    case 'delay':
      // An idle relay must not keep the process alive for the sake of a slow reply.
      await delay(action.ms, undefined, { ref: false });
      return callback();
  }
}

function takeMessage(
  context: SessionContext,
  session: SMTPServerSession,
  stream: SMTPServerDataStream,
  callback: (error?: Error | null, message?: string) => void,
): void {
  const to = session.envelope.rcptTo.map((recipient) => recipient.address);
  // Before smtp-server writes its 354, so that the client surely has not handed the body over.
  if (context.behaviour({ at: 'data', recipients: to }).kind === 'drop') {
    context.drop(session.remotePort);
    return;
  }
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  // The client went away before the final dot.
  stream.on('error', () => undefined);
  stream.on('end', () => {
    const message = Buffer.concat(chunks);
    const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : '';
    const deliver = () => context.deliver({ relay: context.relay, envelope: { from, to }, message });
    void finish(context, session, { at: 'final', recipients: to, subject: subjectIn(message) }, deliver, callback);
  });
}

async function finish(
  context: SessionContext,
  session: SMTPServerSession,
  moment: Moment,
  deliver: () => void,
  callback: (error?: Error | null, message?: string) => void,
): Promise<void> {
  const action = context.behaviour(moment);
  if (action.kind === 'reply') return callback(new ReplyError(action.code, action.text));
  if (action.kind === 'delay') await delay(action.ms, undefined, { ref: false });
  if (action.kind !== 'drop' || action.taken) deliver();
  if (action.kind === 'drop') return context.drop(session.remotePort);
  callback(null, `2.0.0 Ok: queued as ${session.id.slice(0, 10)}`);
}

/** The unfolded Subject as it stands in the header, encoded words and all. */
function subjectIn(message: Buffer): string {
  const end = message.indexOf('\r\n\r\n');
  const header = message.subarray(0, end === -1 ? message.length : end).toString('latin1');
  const match = /^subject:(.*(?:\r\n[ \t].*)*)/im.exec(header);
  return (match?.[1] ?? '').replace(/\r\n[ \t]/g, ' ').trim();
}
