import { isAscii } from 'node:buffer';
import type { NetworkError, SmtpReply } from '../outcome/outcome.ts';
import { allowed, type Bounds, cutShort, fairMs, turnMs } from './bounds.ts';
import type { ChannelUser } from './channel.ts';
import { networkErrorOf } from './failure.ts';
import type { Link } from './link.ts';
import { MessageBody } from './message-body.ts';
import { Transcript } from './transcript.ts';
import type { Transaction, TransactionResult } from './transport.ts';

export interface ConversationEnd {
  readonly result: TransactionResult;
  /** What the session is good for: the next transaction, the next one after RSET, or nothing. */
  readonly session: 'ready' | 'unreset' | 'over';
}

/**
 * Has nodemailer say MAIL, RCPT, DATA and the message, and bounds every wait by wall clock. What happened is decided by
 * the transcript alone; nodemailer's callback only tells that it is through with the session.
 */
export class Conversation implements ChannelUser {
  readonly #link: Link;
  readonly #bounds: Bounds;
  readonly #beforeDot: Bounds;
  readonly #transcript: Transcript;
  readonly #reused: boolean;
  readonly #startedAt: number;
  readonly #body: MessageBody;
  readonly #end = Promise.withResolvers<ConversationEnd>();
  #bodyStartedAt: number | undefined;
  #waitingSince = 0;

  constructor(link: Link, transaction: Transaction, bounds: Bounds, reused: boolean) {
    this.#link = link;
    this.#bounds = bounds;
    // The dot must not leave when there is no time left to hear its answer; before it, giving up costs nothing.
    this.#beforeDot = { ...bounds, deadline: bounds.deadline - bounds.timeouts.finalReplyMs };
    this.#transcript = new Transcript(transaction.envelope.to, reused);
    this.#reused = reused;
    this.#startedAt = bounds.clock.now();
    this.#body = new MessageBody(transaction.message, link.channel.socket, {
      sliceTaken: () => this.#wait(),
      dotMayLeave: () => {
        this.#transcript.bodySent();
        link.channel.arm(allowed(bounds.timeouts.finalReplyMs, bounds));
      },
    });
  }

  run({ envelope, message }: Transaction): Promise<ConversationEnd> {
    const { channel, extensions } = this.#link;
    channel.use(this);
    // A kept session may have died without a word: then there must be time for a fresh one.
    this.#wait(this.#reused ? fairMs(this.#bounds.timeouts) : undefined);
    channel.connection.send(
      {
        from: envelope.from,
        to: [...envelope.to],
        size: message.length,
        use8BitMime: extensions.has('8BITMIME') && !isAscii(message),
      },
      this.#body,
      (error) => this.#nodemailerEnded(error),
    );
    return this.#end.promise;
  }

  reply(reply: SmtpReply): void {
    if (!this.#transcript.reply(reply)) {
      this.#link.channel.destroy();
      this.#settle();
      return;
    }
    // The bound that stands goes on until nodemailer is through, too.
    if (this.#transcript.awaiting === 'nothing') return;
    if (this.#transcript.awaiting === 'body') this.#bodyStartedAt = this.#bounds.clock.now();
    this.#wait();
  }

  lost(error: NetworkError): void {
    const unfair =
      error.kind === 'timeout' &&
      this.#transcript.awaiting !== 'final-reply' &&
      cutShort(this.#waitingSince, this.#beforeDot);
    this.#transcript.lost(unfair ? { ...error, kind: 'deadline' } : error);
    this.#settle();
  }

  /** The next answer, or the next slice of the body, comes before the bound passes. For everything before the dot. */
  #wait(limitMs = this.#bounds.timeouts.commandMs): void {
    this.#waitingSince = this.#bounds.clock.now();
    this.#link.channel.arm(allowed(Math.min(limitMs, turnMs(this.#beforeDot)), this.#beforeDot));
  }

  #nodemailerEnded(error: Error | null): void {
    const { awaiting } = this.#transcript;
    if (error !== null) this.#transcript.lost(networkErrorOf(error));
    // Whatever made nodemailer stop there, the relay still takes what comes next for the message.
    if (awaiting === 'body' || awaiting === 'final-reply') this.#link.channel.destroy();
    this.#settle();
  }

  #settle(): void {
    const { channel } = this.#link;
    channel.disarm();
    this.#body.destroy();
    const now = this.#bounds.clock.now();
    const over = channel.over || channel.connection.destroyed;
    this.#end.resolve({
      result: this.#transcript.result(
        this.#bodyStartedAt === undefined
          ? { envelopeMs: now - this.#startedAt }
          : { envelopeMs: this.#bodyStartedAt - this.#startedAt, dataMs: now - this.#bodyStartedAt },
      ),
      session: over ? 'over' : this.#transcript.closed ? 'ready' : 'unreset',
    });
  }
}
