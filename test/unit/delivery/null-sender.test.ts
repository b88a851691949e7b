import { describe, expect, it } from 'vitest';
import { accept, fail, reply } from '../../support/delivery/answers.ts';
import { mail, Stage } from '../../support/delivery/stage.ts';

/** A bounce, for which two relays may be asked. */
function aBounce(): Stage {
  const stage = new Stage();
  stage.relays = ['primary', 'fallback'].map((relay) => ({ relay, maxRecipients: 100 }));
  stage.publish(mail({ envelope: { from: '' } }));
  return stage;
}

describe('a relay that takes no null sender', () => {
  it.each([
    ['at MAIL, in words that nobody knows', reply('mail', '550 5.7.0 Go away')],
    ['after DATA', reply('final-reply', '554 5.7.0 Mail with empty return path refused')],
  ])('says so %s, and is passed over', async (_, refusal) => {
    const stage = aBounce();
    stage.answers['primary'] = [fail(refusal)];
    stage.answers['fallback'] = [accept()];

    await stage.invoke();

    expect(stage.sent.map(({ relay }) => relay)).toEqual(['primary', 'fallback']);
    expect(stage.item('order-1').recipients['ada@example.org']).toMatchObject({
      status: 'accepted',
      relay: 'fallback',
    });
  });

  it('is followed by the dead letter when every relay refuses', async () => {
    const stage = aBounce();
    for (const relay of ['primary', 'fallback']) stage.answers[relay] = [fail(reply('mail', '550 5.7.0 Go away'))];

    await stage.invoke();

    expect(stage.world.deadLetters.map(({ attributes }) => attributes.reason)).toEqual(['rejected']);
  });
});
