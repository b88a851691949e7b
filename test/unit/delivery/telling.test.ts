import { describe, expect, it } from 'vitest';
import type { FailedAttempt } from '../../../lib/delivery/events.ts';
import type { RelayObservation } from '../../../lib/delivery/ports.ts';
import { tellingOfRelay } from '../../../lib/delivery/telling.ts';
import { absorb, type BreakerRules } from '../../../lib/health/breaker.ts';
import { type Breaker, freshBreaker } from '../../../lib/health/item.ts';
import { seenOnce } from '../../../lib/health/seen.ts';
import { classify } from '../../../lib/outcome/classify.ts';
import type { SmtpFailure } from '../../../lib/outcome/outcome.ts';
import { accept, closed, contentRefused, fail, reply } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

const loginDemanded = reply('rcpt', '530 5.7.0 Authentication required');
const suspended = reply('final-reply', '554 Sending paused for this account.');
const rules: BreakerRules = {
  settings: { failureThreshold: 3, messageRejectionThreshold: 10, coolDownSeconds: 60, maxCoolDownSeconds: 900 },
  chance: 0,
};

function failedWith(failure: SmtpFailure): FailedAttempt {
  return { address: 'ada@example.org', failure, classification: classify(failure) };
}

function breakerAfter(mails: number, attempt: FailedAttempt, accepted = 0): Breaker {
  const [told] = tellingOfRelay(accepted, [attempt]);
  if (told === undefined) throw new Error('nothing told');
  return Array.from({ length: mails }, (_, index) =>
    seenOnce(told.classification, { at: index + 1, mail: `mail-${index}`, versions: ['v1'] }),
  ).reduce<Breaker>((breaker, seen) => absorb(breaker, seen, rules), freshBreaker);
}

describe('what a transaction tells of its relay', () => {
  it('a login demanded of everybody is a refused login, and opens the breaker at once', () => {
    expect(breakerAfter(1, failedWith(loginDemanded))).toMatchObject({ state: 'open', reason: 'credentials' });
  });

  it('a login demanded of one recipient while another is taken is not', () => {
    expect(breakerAfter(1, failedWith(loginDemanded), 1)).toMatchObject({ state: 'closed' });
  });

  it('an account suspended after the final dot needs as many mails as refused content', () => {
    expect(breakerAfter(9, failedWith(suspended))).toMatchObject({ state: 'closed', faults: 0 });
    expect(breakerAfter(10, failedWith(suspended))).toMatchObject({ state: 'open', reason: 'message-rejections' });
  });

  it('a connection lost after the final dot counts as ever', () => {
    expect(breakerAfter(3, failedWith(closed('final-reply')))).toMatchObject({ state: 'open', reason: 'relay-faults' });
  });
});

describe('what the mail of a trial tells of its relay', () => {
  const toldOf = (accepted: number, failure: SmtpFailure) => tellingOfRelay(accepted, [failedWith(failure)], true);

  it('an account suspended after the final dot is a fault: the trial has failed', () => {
    expect(toldOf(0, suspended)).toMatchObject([{ classification: { scope: 'relay', rule: 'account-suspended' } }]);
  });

  it('a login demanded after the final dot is a fault, but no refused login', () => {
    const { classification } = failedWith(loginDemanded);
    const [told] = tellingOfRelay(0, [{ ...failedWith(suspended), classification }], true);
    expect(told?.classification).toEqual({ scope: 'relay', permanent: false, rule: classification.rule });
  });

  it('a relay that takes another recipient is well', () => {
    expect(toldOf(1, suspended)).toMatchObject([{ classification: { scope: 'message', permanent: true } }]);
  });

  it('refused content is that mail’s, as ever', () => {
    expect(toldOf(0, contentRefused)).toMatchObject([{ classification: { scope: 'message', permanent: true } }]);
  });

  it('keeps the breaker of a suspended account open', async () => {
    const stage = new Stage();
    const observed: RelayObservation[] = [];
    const { relays } = stage.ports();
    stage.relays = [{ relay: 'primary', maxRecipients: 100, trial: true }];
    stage.answers['primary'] = [fail(suspended)];
    stage.publish(mail());
    const observe = (_relay: string, observation: RelayObservation) => void observed.push(observation);
    await stage.invoke({ ports: { relays: { ...relays, observe } } });
    expect(observed).toMatchObject([{ scope: 'relay', permanent: false }]);
  });
});

describe('a mail that is refused in words of its own choice', () => {
  const address = '"please authenticate"@example.org';

  /** Of a mail to two, of whom the relay takes the other one. */
  async function observedOf(refusal: SmtpFailure): Promise<RelayObservation[]> {
    const stage = new Stage();
    const observed: RelayObservation[] = [];
    const { relays } = stage.ports();
    stage.answers['primary'] = [accept({ [address]: refusal })];
    stage.publish(mail({ to: [address, 'bob@example.net'] }));
    await stage.invoke({
      ports: {
        relays: {
          ...relays,
          observe: (_relay, observation) => observed.push(observation),
          credentialsRefused: () => Promise.reject(new Error('no login was refused')),
        },
      },
    });
    return observed;
  }

  it('is its recipient alone, however the relay writes the address', async () => {
    const refusal = reply('rcpt', '550 5.7.1 please authenticate@example.org... Refused');
    expect(await observedOf(refusal)).toMatchObject(['accepted', { scope: 'recipient' }]);
  });

  it('refuses no login while the relay takes another recipient', async () => {
    const observed = await observedOf(loginDemanded);
    expect(observed).toMatchObject(['accepted', { scope: 'message', permanent: true }]);
  });
});
