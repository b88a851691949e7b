import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../lib/delivery/ports.ts';
import { conclude, nextTransaction, type Progress, startProgress, takeResult } from '../../../lib/delivery/progress.ts';
import { classify } from '../../../lib/outcome/classify.ts';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import type { TransactionResult } from '../../../lib/smtp/transport.ts';
import {
  closed,
  contentRefused,
  lostAfterTheDot,
  mailboxBusy,
  refusedConnection,
  reply,
  senderDeferred,
  senderRefused,
  temporaryFailure,
  tooLarge,
  tooMany,
  unknownUser,
} from '../../support/delivery/answers.ts';

const ada = 'ada@example.org';
const bob = 'bob@example.net';
const eve = 'eve@example.com';
const one: readonly Candidate[] = [{ relay: 'primary', maxRecipients: 100 }];
const two: readonly Candidate[] = [...one, { relay: 'fallback', maxRecipients: 100 }];

interface Options {
  readonly onUncertain?: 'resend' | 'hold';
  readonly doubts?: number;
}

/** One transaction on a relay: whom `failures` does not name is accepted. */
function transaction(
  progress: Progress,
  relay: string,
  sent: readonly string[],
  failures: Readonly<Record<string, SmtpFailure>>,
  { onUncertain = 'resend', doubts = 0 }: Options = {},
): void {
  const failed = Object.entries(failures).map(([address, failure]) => ({ address, failure }));
  const accepted = sent
    .filter((address) => failures[address] === undefined)
    .map((address) => ({ address, reply: { code: 250, text: 'ok' } }));
  const result: TransactionResult = { accepted, failed, timings: {} };
  const classified = failed.map((attempt) => ({ ...attempt, classification: classify(attempt.failure) }));
  takeResult(progress, relay, sent, result, classified, { onUncertain, doubts: () => doubts });
}

function everybody(progress: Progress, failure: SmtpFailure): Record<string, SmtpFailure> {
  return Object.fromEntries(progress.recipients.map((address) => [address, failure]));
}

/** Runs the attempt to its end; each relay answers everybody with the failure that stands for it. */
function attempt(
  candidates: readonly Candidate[],
  failures: Readonly<Record<string, SmtpFailure>>,
  { eligible = candidates.map(({ relay }) => relay), ...options }: Options & { readonly eligible?: string[] } = {},
): { readonly progress: Progress; readonly asked: readonly string[] } {
  const progress = startProgress([ada]);
  const asked: string[] = [];
  for (let turn = 0; turn < 10; turn += 1) {
    const next = nextTransaction(progress, candidates);
    if (next === undefined) {
      conclude(progress, eligible);
      return { progress, asked };
    }
    const { relay } = next.candidate;
    asked.push(relay);
    const failure = failures[relay];
    transaction(progress, relay, next.recipients, failure === undefined ? {} : { [ada]: failure }, options);
  }
  throw new Error('the attempt never ends');
}

describe('one answer', () => {
  const failed = { status: 'failed', reason: 'rejected' };
  const pending = { status: 'pending' };
  const accepted = { status: 'accepted', relay: 'fallback' };
  // What becomes of the recipient with one relay, and with a second one that accepts.
  const table: [name: string, failure: SmtpFailure, alone: object, withSecond: object, charged: boolean][] = [
    ['recipient, permanent', unknownUser, failed, failed, true],
    ['recipient, transient', mailboxBusy, pending, pending, true],
    ['message, permanent', contentRefused, failed, failed, true],
    ['message, transient', temporaryFailure, pending, pending, true],
    ['message, size', tooLarge, failed, accepted, true],
    ['sender, permanent', senderRefused, failed, accepted, true],
    ['sender, transient', senderDeferred, pending, accepted, true],
    ['relay', refusedConnection, pending, accepted, false],
    ['throttle', tooMany, pending, accepted, false],
    ['session', closed('mail', true), pending, accepted, false],
    ['uncertain', lostAfterTheDot, pending, pending, true],
  ];

  it.each(table)('%s, one relay', (_name, failure, alone, _withSecond, charged) => {
    const { progress, asked } = attempt(one, { primary: failure });

    expect(progress.outcomes.get(ada)).toMatchObject({ ...alone, relay: 'primary', failure });
    expect(progress.charged).toBe(charged);
    expect(asked).toEqual(['primary']);
  });

  it.each(table)('%s, two relays', (_name, failure, _alone, withSecond) => {
    const { progress, asked } = attempt(two, { primary: failure });

    expect(progress.outcomes.get(ada)).toMatchObject(withSecond);
    expect(asked).toEqual('relay' in withSecond ? ['primary', 'fallback'] : ['primary']);
  });

  it('accepted', () => {
    const { progress } = attempt(two, {});

    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'accepted', relay: 'primary', reply: { code: 250 } });
    expect(progress.charged).toBe(true);
    expect(progress.stayOn).toBeUndefined();
  });
});

describe('the next attempt stays on the relay', () => {
  it('that deferred the recipient or left a doubt', () => {
    expect(attempt(two, { primary: mailboxBusy }).progress.stayOn).toBe('primary');
    expect(attempt(two, { primary: lostAfterTheDot }).progress.stayOn).toBe('primary');
  });

  it('but not on one that deferred the message', () => {
    expect(attempt(two, { primary: temporaryFailure }).progress.stayOn).toBeUndefined();
  });
});

describe('doubt', () => {
  it('is waited for once', () => {
    const { progress } = attempt(one, { primary: lostAfterTheDot });

    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'pending', doubts: 1 });
  });

  it('is given up the second time', () => {
    const { progress } = attempt(one, { primary: lostAfterTheDot }, { doubts: 1 });

    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'failed', reason: 'uncertain', doubts: 2 });
    expect(progress.stayOn).toBeUndefined();
  });

  it('is given up at once on hold', () => {
    const { progress } = attempt(two, { primary: lostAfterTheDot }, { onUncertain: 'hold' });

    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'failed', reason: 'uncertain', doubts: 1 });
    expect(progress.charged).toBe(true);
  });

  it('of one recipient does not spend the relay on the others', () => {
    const progress = startProgress([ada, bob]);
    transaction(progress, 'primary', [ada], { [ada]: lostAfterTheDot });

    expect(nextTransaction(progress, two)).toMatchObject({ candidate: { relay: 'fallback' }, recipients: [bob] });
  });
});

describe('several recipients', () => {
  it('are each concluded by their own reply', () => {
    const progress = startProgress([ada, bob, eve]);
    transaction(progress, 'primary', progress.recipients, { [ada]: unknownUser, [bob]: mailboxBusy });

    expect([ada, bob, eve].map((address) => progress.outcomes.get(address)?.status)).toEqual([
      'failed',
      'pending',
      'accepted',
    ]);
    expect(nextTransaction(progress, two)).toBeUndefined();
  });

  it('go to the next relay without those whom the first one settled', () => {
    const progress = startProgress([ada, bob, eve]);
    transaction(progress, 'primary', progress.recipients, { [ada]: unknownUser, [bob]: senderRefused });

    expect(nextTransaction(progress, two)).toMatchObject({ candidate: { relay: 'fallback' }, recipients: [bob] });
  });

  it('are split by what the relay takes at once', () => {
    const progress = startProgress([ada, bob, eve]);
    const candidates = [{ relay: 'primary', maxRecipients: 2 }];
    const first = nextTransaction(progress, candidates);
    expect(first?.recipients).toEqual([ada, bob]);

    transaction(progress, 'primary', first?.recipients ?? [], {});

    expect(nextTransaction(progress, candidates)?.recipients).toEqual([eve]);
  });

  it('leave a relay that is at fault with whoever is left', () => {
    const progress = startProgress([ada, bob, eve]);
    transaction(progress, 'primary', [ada, bob], everybody(progress, refusedConnection));

    expect(nextTransaction(progress, two)).toMatchObject({
      candidate: { relay: 'fallback' },
      recipients: [ada, bob, eve],
    });
  });

  it('a result that leaves somebody out ends that relay for the attempt', () => {
    const progress = startProgress([ada, bob]);
    takeResult(progress, 'primary', [ada, bob], { accepted: [], failed: [], timings: {} }, [], {
      onUncertain: 'resend',
      doubts: () => 0,
    });

    expect(nextTransaction(progress, one)).toBeUndefined();
    conclude(progress, ['primary']);
    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'pending', failure: { error: { kind: 'protocol' } } });
  });
});

describe('refusals that another relay may not share', () => {
  it.each([
    ['size', tooLarge],
    ['sender', senderRefused],
  ])('%s, refused by all: rejected with the last reply', (_name, failure) => {
    const { progress, asked } = attempt(two, { primary: failure, fallback: failure });

    expect(asked).toEqual(['primary', 'fallback']);
    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'failed', reason: 'rejected', relay: 'fallback' });
  });

  it.each([
    ['size', tooLarge],
    ['sender', senderRefused],
  ])('%s, refused by one while the other is out of reach: waits', (_name, failure) => {
    const { progress } = attempt(two, { primary: failure, fallback: refusedConnection });

    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'pending', relay: 'primary', failure });
    expect(progress.charged).toBe(true);
  });

  it('refused by the only available relay while another one is eligible: waits', () => {
    const { progress } = attempt(one, { primary: senderRefused }, { eligible: ['primary', 'fallback'] });

    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'pending' });
  });

  it('refused for good by one and for now by the other: waits', () => {
    const { progress } = attempt(two, { primary: senderRefused, fallback: senderDeferred });

    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'pending', relay: 'fallback' });
  });

  it('sender refused by one, mail too large for the other: rejected', () => {
    const { progress } = attempt(two, { primary: senderRefused, fallback: tooLarge });

    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'failed', reason: 'rejected' });
  });
});

describe('nobody to ask', () => {
  it('no relay may send: everybody waits and nobody is charged', () => {
    const { progress, asked } = attempt([], {});

    expect(asked).toEqual([]);
    expect(progress.outcomes.get(ada)).toEqual({ status: 'pending' });
    expect(progress.charged).toBe(false);
  });

  it('a relay that is out of reach tells why the recipient waits', () => {
    const { progress } = attempt(one, { primary: reply('greeting', '554 5.7.1 no service here') });

    expect(progress.outcomes.get(ada)).toMatchObject({ status: 'pending', relay: 'primary' });
    expect(progress.charged).toBe(false);
  });
});
