import type { Socket } from 'node:net';
import type { ConnectionRecord, RelayLog, RelayOptions, Script, ScriptPhase } from './scripted-relay.ts';
import type { TlsAcceptor } from './scripted-relay-abilities.ts';
import { type Behaviour, perform } from './scripted-relay-behaviour.ts';
import { Dialogue } from './scripted-relay-dialogue.ts';

interface Surroundings {
  readonly options: RelayOptions;
  /** Undefined for a relay without certificate. */
  readonly acceptTls: TlsAcceptor | undefined;
  readonly log: RelayLog;
  /** MAIL commands so far, on all connections. */
  readonly count: { transactions: number };
  readonly changed: () => void;
  readonly script: () => Script;
}

const phaseOf: Readonly<Record<string, ScriptPhase>> = {
  EHLO: 'ehlo',
  HELO: 'ehlo',
  STARTTLS: 'starttls',
  AUTH: 'auth',
  MAIL: 'mail',
  RCPT: 'rcpt',
  DATA: 'data',
  RSET: 'rset',
  QUIT: 'quit',
};
/** Handshake, TLS 1.2, 16 KiB. */
const beginningOfTlsRecord = '\x16\x03\x03\x40\x00';
const endOfBody = Buffer.from('\r\n.\r\n');

/** One connection of a scripted relay: reads lines, answers each at once and in order, or does what the script says. */
export class Conversation {
  readonly #raw: Socket;
  readonly #around: Surroundings;
  readonly #record: ConnectionRecord = { commands: [], quit: false, open: true };
  readonly #number: number;
  #socket: Socket;
  #line = '';
  #mute = false;
  readonly #dialogue: Dialogue;
  #body: Buffer[] | undefined;

  constructor(socket: Socket, around: Surroundings) {
    this.#raw = socket;
    this.#socket = socket;
    this.#around = around;
    this.#dialogue = new Dialogue(around.options, this.#record);
    this.#number = around.log.connections.push(this.#record);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#record.open = false;
    });
  }

  start(): void {
    if (this.#around.options.tls?.mode === 'implicit') this.#startTls(() => this.#greet());
    else {
      this.#listen();
      // Not before the client knows that it is connected: a reset would look like a refused connection.
      setImmediate(() => this.#greet());
    }
  }

  drop(how: 'close' | 'reset'): void {
    if (how === 'reset') this.#raw.resetAndDestroy();
    else this.#socket.end();
  }

  say(reply: string): void {
    perform({ reply }, this.#socket, this.#raw);
  }

  #greet(): void {
    if (!this.#act('greeting', '')) this.say('220 scripted.example ESMTP');
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#socket.cork();
      this.#read(chunk);
      this.#socket.uncork();
      this.#around.changed();
    });
  }

  #startTls(then: () => void): void {
    const { acceptTls, changed } = this.#around;
    const behaviour = this.#scripted('tls', '');
    if (behaviour !== undefined) {
      this.#mute = true;
      this.#raw.once('data', () => perform(behaviour, this.#socket, this.#raw, beginningOfTlsRecord));
      return;
    }
    this.#raw.removeAllListeners('data');
    acceptTls?.(this.#raw, (secure, facts) => {
      this.#record.tls = facts;
      this.#socket = secure;
      this.#listen();
      then();
      changed();
    });
  }

  #read(chunk: Buffer): void {
    if (this.#mute) return;
    if (this.#body) {
      this.#readBody(this.#body, chunk);
      return;
    }
    const lines = (this.#line + chunk.toString('utf8')).split('\r\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) if (!this.#mute) this.#command(line);
  }

  #command(line: string): void {
    if (this.#dialogue.loggingIn) {
      this.say(this.#dialogue.continueLogin(line));
      return;
    }
    this.#record.commands.push(line);
    const [verb = ''] = line.toUpperCase().split(' ');
    if (verb === 'MAIL') this.#around.count.transactions += 1;
    if (verb === 'QUIT') this.#record.quit = true;
    const phase = phaseOf[verb];
    if (phase !== undefined && this.#act(phase, line)) return;
    this.say(this.#dialogue.reply(verb, line));
    if (this.#dialogue.messageExpected) this.#body = [];
    if (verb === 'STARTTLS' && !this.#record.tls) {
      this.#socket.uncork();
      this.#startTls(() => {});
    }
    if (verb === 'QUIT') this.#socket.end();
  }

  #readBody(body: Buffer[], chunk: Buffer): void {
    if (body.length === 0 && this.#act('body', '') && this.#mute) {
      this.#socket.pause();
      return;
    }
    body.push(chunk);
    const tail = Buffer.concat(body.slice(-5)).subarray(-endOfBody.length);
    if (tail.equals(endOfBody) || (body.length === 1 && chunk.toString() === '.\r\n'))
      this.#finish(Buffer.concat(body));
  }

  #finish(stuffed: Buffer): void {
    const { mail, recipients } = this.#dialogue.takeMessage();
    this.#body = undefined;
    const scripted = this.#act('final', '');
    const text = stuffed.subarray(0, -3).toString('latin1').replaceAll('\r\n..', '\r\n.').replace(/^\.\./, '.');
    this.#around.log.messages.push({
      connection: this.#number,
      mail,
      recipients,
      body: Buffer.from(text, 'latin1'),
      taken: !scripted,
    });
    if (!scripted) this.say(`250 2.0.0 queued as ${this.#around.log.messages.length}`);
  }

  /** True when the script had something to do here. */
  #act(phase: ScriptPhase, command: string): boolean {
    const behaviour = this.#scripted(phase, command);
    if (behaviour === undefined) return false;
    this.#mute = perform(behaviour, this.#socket, this.#raw);
    return true;
  }

  #scripted(phase: ScriptPhase, command: string): Behaviour | undefined {
    const scripted = this.#around.script()[phase];
    const turn = { connection: this.#number, transaction: this.#around.count.transactions, command };
    return typeof scripted === 'function' ? scripted(turn) : scripted;
  }
}
