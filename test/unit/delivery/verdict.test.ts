import { expect, it } from 'vitest';
import { fail, reply } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

const refusedLogin = reply('auth', '535 5.7.8 Authentication credentials invalid');
const loginDemanded = reply('mail', '530 5.7.0 Authentication required');

/** One invocation whose login the first relay refuses, at AUTH or only at MAIL, while nobody can say whether it is outdated. */
async function unjudged(refused: 'auth' | 'mail'): Promise<{ stage: Stage; patience: number[]; observed: string[] }> {
  const stage = new Stage();
  stage.relays = [
    { relay: 'primary', maxRecipients: 100 },
    { relay: 'second', maxRecipients: 100 },
  ];
  if (refused === 'auth') stage.unreachable['primary'] = refusedLogin;
  else stage.answers['primary'] = [fail(loginDemanded)];
  stage.publish(mail());
  const patience: number[] = [];
  const observed: string[] = [];
  const { relays } = stage.ports();
  const credentialsRefused = (_relay: string, _version: string, patienceMs: number) => {
    patience.push(patienceMs);
    return Promise.reject(new Error('Secrets Manager is away'));
  };
  const observe = (relay: string) => void observed.push(relay);
  await stage.invoke({ ports: { relays: { ...relays, credentialsRefused, observe } } });
  return { stage, patience, observed };
}

it.each(['auth', 'mail'] as const)(
  'a login refused at %s, about which Secrets Manager says nothing, is the relay’s answer, two seconds later at most',
  async (refused) => {
    const { stage, patience, observed } = await unjudged(refused);

    expect(patience).toEqual([2000]);
    expect(observed).toEqual(['primary', 'second']);
    expect(stage.item('order-1')).toMatchObject({ state: 'settled', lastRelay: 'second' });
  },
);
