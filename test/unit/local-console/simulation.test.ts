import { describe, expect, it } from 'vitest';
import { incidentNames, incidentViews, simulatedRelays } from '../../../local/console/simulation.ts';
import { accept, type Behaviour, type Moment } from '../../../local/relays/behaviour.ts';
import type { EmbeddedRelay } from '../../../local/relays/relay.ts';

const final: Moment = { at: 'final', recipients: ['a@example.org'], subject: 'x' };

/** A relay that says what is done to it. */
function world(own?: Behaviour) {
  const done: string[] = [];
  let behaviour: Behaviour | undefined;
  const note = (what: string) => async () => void done.push(what);
  const relay: EmbeddedRelay = {
    name: 'primary',
    port: 1,
    secret: { host: '127.0.0.1', port: 1, tls: 'none' },
    behave: (next) => {
      behaviour = next;
    },
    goDown: note('goes down'),
    comeBack: note('comes back'),
    dropSessions: () => {},
    changePassword: () => void done.push('changes its password'),
    close: note('closes'),
  };
  const simulated = simulatedRelays({
    relays: new Map([['primary', relay]]),
    behaviours: own === undefined ? {} : { primary: own },
    setSecret: async (name) => void done.push(`secret of ${name} filled in`),
  });
  return { simulated, done, at: (moment: Moment) => behaviour?.(moment) };
}

describe('incidents to rehearse', () => {
  it('are undone by the next one, and by none', async () => {
    const { simulated, done } = world();
    expect(simulated.stateOf('primary')).toEqual({ incident: 'none' });
    await simulated.begin('down', 'primary');
    expect(simulated.stateOf('primary')).toEqual({ incident: 'down' });
    await simulated.begin('password', 'primary');
    await simulated.begin('none', 'primary');
    await simulated.begin('none', 'primary');
    expect(done).toEqual(['goes down', 'comes back', 'changes its password', 'secret of primary filled in']);
  });

  it('change what the relay answers, and give it back its own behaviour', async () => {
    const own: Behaviour = () => ({ kind: 'reply', code: 250, text: 'mine' });
    const { simulated, at } = world(own);
    await simulated.begin('refuse', 'primary');
    expect(at(final)).toMatchObject({ kind: 'reply', code: 554 });
    await simulated.begin('silent', 'primary');
    expect(at(final)).toEqual({ kind: 'drop', taken: false });
    await simulated.begin('defer', 'primary');
    expect(at({ at: 'rcpt', recipient: 'a@example.org' })).toMatchObject({ code: 451 });
    await simulated.begin('slow', 'primary');
    expect([at({ at: 'connect' }), at(final)]).toEqual([{ kind: 'delay', ms: 400 }, accept]);
    await simulated.begin('none', 'primary');
    expect(at(final)).toMatchObject({ text: 'mine' });
  });

  it('are of embedded relays only', async () => {
    const { simulated } = world();
    expect(simulated.stateOf('office')).toBeUndefined();
    await expect(simulated.begin('down', 'office')).rejects.toThrow('office is no embedded relay');
  });

  it('each say what to watch', () => {
    expect(incidentViews.map(({ name }) => name)).toEqual(incidentNames);
    expect(incidentViews.filter(({ watch }) => watch === '').map(({ name }) => name)).toEqual(['none']);
  });
});
