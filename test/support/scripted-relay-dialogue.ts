import type { ConnectionRecord, RelayOptions } from './scripted-relay.ts';
import { ehloReply } from './scripted-relay-abilities.ts';
import { type AuthExchange, startAuth } from './scripted-relay-auth.ts';

interface OpenTransaction {
  readonly mail: string;
  readonly recipients: string[];
}

/** What a relay that means well answers (RFC 5321), command by command. */
export class Dialogue {
  readonly #options: RelayOptions;
  readonly #record: ConnectionRecord;
  #transaction: OpenTransaction | undefined;
  #login: AuthExchange | undefined;
  #messageExpected = false;

  constructor(options: RelayOptions, record: ConnectionRecord) {
    this.#options = options;
    this.#record = record;
  }

  /** The next line belongs to an AUTH exchange. */
  get loggingIn(): boolean {
    return this.#login !== undefined;
  }

  /** DATA was answered with 354. */
  get messageExpected(): boolean {
    return this.#messageExpected;
  }

  reply(verb: string, line: string): string {
    switch (verb) {
      case 'EHLO':
        return ehloReply(this.#options, this.#record.tls !== undefined);
      case 'STARTTLS':
        return '220 2.0.0 go ahead';
      case 'AUTH':
        return this.#startLogin(line);
      case 'MAIL':
        return this.#mail(line);
      case 'RCPT':
        this.#transaction?.recipients.push(line);
        return this.#transaction ? '250 2.1.5 ok' : '503 5.5.1 MAIL first';
      case 'DATA':
        return this.#data();
      case 'RSET':
        this.#transaction = undefined;
        return '250 2.0.0 flushed';
      case 'QUIT':
        return '221 2.0.0 bye';
      default:
        return '500 5.5.2 unknown command';
    }
  }

  continueLogin(line: string | undefined): string {
    const step = this.#login?.(line) ?? { reply: '503 5.5.1 no login', done: true };
    if (step.done) this.#login = undefined;
    if (step.user !== undefined) this.#record.authenticatedAs = step.user;
    return step.reply;
  }

  /** The message is there: ends the transaction. */
  takeMessage(): OpenTransaction {
    const taken = this.#transaction ?? { mail: '', recipients: [] };
    this.#transaction = undefined;
    this.#messageExpected = false;
    return taken;
  }

  #startLogin(line: string): string {
    const { auth = [], login = { user: 'user', password: 'secret' } } = this.#options;
    this.#login = startAuth(line, auth, login);
    return this.continueLogin(undefined);
  }

  #mail(line: string): string {
    if (this.#transaction) return '503 5.5.1 nested MAIL command';
    this.#transaction = { mail: line, recipients: [] };
    return '250 2.1.0 ok';
  }

  #data(): string {
    if (!this.#transaction) return '503 5.5.1 MAIL first';
    if (this.#transaction.recipients.length === 0) return '554 5.5.1 no valid recipients';
    this.#messageExpected = true;
    return '354 go ahead';
  }
}
