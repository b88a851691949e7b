import type { Clock } from '../platform/clock.ts';
import { fairMs } from './bounds.ts';
import type { ConversationEnd } from './conversation.ts';
import { failedBy, networkErrorOf } from './failure.ts';
import { reset } from './farewell.ts';
import type { Link } from './link.ts';
import type { Pool } from './pool.ts';
import { transact } from './transaction.ts';
import type { SetUpTimings, SmtpSession, SmtpTimeouts, Transaction, TransactionResult } from './transport.ts';

interface PooledSessionOptions {
  readonly relay: string;
  /** Of a session that was opened for this caller; absent: a kept one. */
  readonly setUp?: SetUpTimings;
  readonly link: Link;
  readonly pool: Pool;
  readonly onSend: () => void;
  readonly timeouts: SmtpTimeouts;
  readonly clock: Clock;
}

/** A session lent to one caller for one transaction. */
export class PooledSession implements SmtpSession {
  readonly relay: string;
  readonly reused: boolean;
  readonly setUp?: SetUpTimings;
  readonly #options: PooledSessionOptions;
  #held = true;

  constructor(options: PooledSessionOptions) {
    this.relay = options.relay;
    this.reused = options.setUp === undefined;
    if (options.setUp !== undefined) this.setUp = options.setUp;
    this.#options = options;
    const { channel } = options.link;
    // Until the transaction begins nobody waits for anything: what comes is the session's end, and `send` will notice.
    channel.use({ reply: () => channel.destroy(), lost: () => {} });
  }

  async send(transaction: Transaction, deadline: number, relays = 1): Promise<TransactionResult> {
    const { link, timeouts, clock, onSend } = this.#options;
    if (!this.#held) return failedAll(transaction, new Error('a session is for one transaction'), this.reused);
    this.#held = false;
    onSend();
    try {
      const end = await transact(link, transaction, { timeouts, clock, deadline, relays }, this.reused);
      void this.#giveBack(end.session);
      return end.result;
    } catch (error) {
      // Thrown before nodemailer had taken the message over: its further work is driven by events.
      void this.#giveBack('over');
      return failedAll(transaction, error, this.reused);
    }
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    void this.#giveBack('ready');
  }

  async #giveBack(session: ConversationEnd['session']): Promise<void> {
    const { link, pool, timeouts } = this.#options;
    const { channel } = link;
    if (session === 'over' || (session === 'unreset' && !(await reset(channel, fairMs(timeouts))))) channel.destroy();
    pool.giveBack(link);
  }
}

function failedAll({ envelope }: Transaction, error: unknown, reused: boolean): TransactionResult {
  const { message } = networkErrorOf(error instanceof Error ? error : new Error(String(error)));
  const failure = failedBy('mail', { kind: 'protocol', message }, reused);
  return { accepted: [], failed: envelope.to.map((address) => ({ address, failure })), timings: {} };
}
