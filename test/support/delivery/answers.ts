import type { Phase, SmtpFailure } from '../../../lib/outcome/outcome.ts';
import type { TransactionResult } from '../../../lib/smtp/transport.ts';

/** How a relay ends one transaction. */
export type Answer = (to: readonly string[]) => TransactionResult | Promise<TransactionResult>;

/** Takes everybody, or everybody whom `refusals` does not name. */
export function accept(refusals: Readonly<Record<string, SmtpFailure>> = {}): Answer {
  return (to) => ({
    accepted: to
      .filter((address) => refusals[address] === undefined)
      .map((address) => ({ address, reply: { code: 250, enhancedCode: '2.0.0', text: 'queued as 4711' } })),
    failed: to.flatMap((address) => {
      const failure = refusals[address];
      return failure === undefined ? [] : [{ address, failure }];
    }),
    timings: {},
  });
}

/** Ends the whole transaction the same way for everybody. */
export function fail(failure: SmtpFailure): Answer {
  return (to) => ({ accepted: [], failed: to.map((address) => ({ address, failure })), timings: {} });
}

export function reply(phase: Phase, text: string, reused = false): SmtpFailure {
  const [, code = '', enhancedCode, rest = ''] = /^(\d{3}) (?:(\d\.\d+\.\d+) )?(.*)$/.exec(text) ?? [];
  const enhanced = enhancedCode === undefined ? {} : { enhancedCode };
  return { phase, reused, reply: { code: Number(code), ...enhanced, text: rest } };
}

export function closed(phase: Phase, reused = false): SmtpFailure {
  return { phase, reused, error: { kind: 'closed', message: 'connection closed' } };
}

export const unknownUser = reply('rcpt', '550 5.1.1 no such user');
export const mailboxBusy = reply('rcpt', '450 4.2.1 mailbox busy, try later');
export const contentRefused = reply('final-reply', '554 5.6.0 content refused');
export const temporaryFailure = reply('final-reply', '451 4.3.0 temporary failure');
export const senderRefused = reply('mail', '550 5.7.60 client does not have permissions to send as this sender');
export const senderDeferred = reply('mail', '450 4.7.1 sender address not verified yet');
export const tooLarge = reply('mail', '552 5.3.4 message size exceeds fixed limit');
export const tooMany = reply('mail', '421 4.7.0 too many messages, slow down');
export const lostAfterTheDot = closed('final-reply');
export const refusedConnection: SmtpFailure = {
  phase: 'connect',
  reused: false,
  error: { kind: 'refused', message: 'connection refused' },
};
