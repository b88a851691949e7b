import type { NetworkError, Phase, SmtpFailure, SmtpReply } from '../outcome/outcome.ts';
import { failedBy, refusedBy } from './failure.ts';
import type { TransactionResult } from './transport.ts';

/** What a transaction waits for. `nothing`: everybody's fate is known, later replies only end the conversation. */
type Awaiting = Extract<Phase, 'mail' | 'rcpt' | 'data' | 'body' | 'final-reply'> | 'nothing';

const unanswered: NetworkError = { kind: 'protocol', message: 'the transaction ended without an answer' };

/**
 * What a relay said in one transaction, reply by reply, and what that means for each recipient. Replies come in the
 * order MAIL, RCPT…, DATA, final whether or not the commands were pipelined (RFC 2920 §3.1), so counting them is exact.
 */
export class Transcript {
  readonly #recipients: readonly string[];
  readonly #reused: boolean;
  /** RCPT replies in the order of the recipients. */
  readonly #own: SmtpReply[] = [];
  #awaiting: Awaiting = 'mail';
  /** What befell everyone who was not refused on his own. */
  #failure: SmtpFailure | undefined;
  #final: SmtpReply | undefined;
  /** A relay that took DATA for nobody is sent an empty message, and answers it. */
  #oneMore = false;

  constructor(recipients: readonly string[], reused: boolean) {
    this.#recipients = recipients;
    this.#reused = reused;
  }

  get awaiting(): Awaiting {
    return this.#awaiting;
  }

  /** True when the final dot was answered: then the relay holds no open transaction (RFC 5321 §4.1.1.4). */
  get closed(): boolean {
    return this.#final !== undefined;
  }

  /** Takes the next reply. False when the session is no use any more: out of step, or closing (421). */
  reply(reply: SmtpReply): boolean {
    const phase = this.#awaiting;
    if (phase === 'nothing') return this.#takeExtra(reply);
    const usable = this.#take(reply);
    if (!usable || reply.code === 421) this.#failure ??= refusedBy(phase, reply, this.#reused);
    return usable && reply.code !== 421;
  }

  /** The final dot may leave the process from now on. */
  bodySent(): void {
    this.#awaiting = 'final-reply';
  }

  /** The connection is gone, or was given up. */
  lost(error: NetworkError): void {
    if (this.#awaiting !== 'nothing') this.#failure ??= failedBy(this.#awaiting, error, this.#reused);
  }

  result(timings: TransactionResult['timings']): TransactionResult {
    const accepted: TransactionResult['accepted'][number][] = [];
    const failed: TransactionResult['failed'][number][] = [];
    for (const [index, address] of this.#recipients.entries()) {
      const failure = this.#ownFailure(index) ?? this.#failure;
      if (failure !== undefined) failed.push({ address, failure });
      else if (this.#final !== undefined) accepted.push({ address, reply: this.#final });
      else failed.push({ address, failure: failedBy('data', unanswered, this.#reused) });
    }
    return { accepted, failed, timings };
  }

  /** False when the reply does not fit what was asked. */
  #take(reply: SmtpReply): boolean {
    const refused = reply.code >= 400;
    const expected = refused || reply.code >= 300 === (this.#awaiting === 'data');
    switch (this.#awaiting) {
      case 'mail':
        this.#awaiting = 'rcpt';
        if (refused) this.#failure = refusedBy('mail', reply, this.#reused);
        return expected;
      case 'rcpt':
        this.#own.push(reply);
        if (this.#own.length === this.#recipients.length) this.#awaiting = 'data';
        return expected;
      case 'data':
        return this.#takeData(reply, refused, expected);
      case 'final-reply':
        this.#awaiting = 'nothing';
        this.#final = reply;
        if (refused) this.#failure = refusedBy('final-reply', reply, this.#reused);
        return expected;
      default:
        // A relay that answers in the middle of the body will not take the rest; there is no other way to stop than to hang up.
        return false;
    }
  }

  #takeExtra(reply: SmtpReply): boolean {
    const awaited = this.#oneMore && reply.code !== 421;
    this.#oneMore = false;
    return awaited;
  }

  #takeData(reply: SmtpReply, refused: boolean, expected: boolean): boolean {
    const nobody = this.#failure !== undefined || this.#own.every(({ code }) => code >= 400);
    this.#awaiting = nobody || refused || !expected ? 'nothing' : 'body';
    // Pipelined behind a refused envelope DATA was bound to fail: its reply is about nobody.
    if (nobody) {
      this.#oneMore = reply.code < 400 && expected;
      return true;
    }
    if (refused) this.#failure = refusedBy('data', reply, this.#reused);
    return expected;
  }

  #ownFailure(index: number): SmtpFailure | undefined {
    const reply = this.#own[index];
    // After a refused MAIL every RCPT is answered with 503: that says nothing about the recipient.
    if (reply === undefined || reply.code < 400 || this.#failure?.phase === 'mail') return undefined;
    return refusedBy('rcpt', reply, this.#reused);
  }
}
