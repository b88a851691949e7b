import { describe, expect, it } from 'vitest';
import { readStageConfig } from '../../../lib/contracts/stage-config.ts';
import { scenarios } from '../../../local/scenarios/catalogue.ts';
import { everyMailOnce } from '../../../local/scenarios/conditions.ts';
import { play } from '../../../local/scenarios/play.ts';
import type { Scenario } from '../../../local/scenarios/scenario.ts';
import type { ScenarioStage } from '../../../local/scenarios/stage.ts';
import { endOf, fateOf, viewOf } from './factories.ts';

const scenario: Scenario = {
  watch: 'the mail',
  ends: 'it arrives',
  config: {},
  mailsPerSecond: 0,
  steps: [
    { name: 'sent', says: 'a mail is sent', does: { kind: 'publish', mails: 1 } },
    { name: 'over', says: 'it was seen', once: ({ published, times }) => published === 1 && times.has('sent') },
  ],
  promises: [everyMailOnce],
};

function fakeStage(parts: Partial<ScenarioStage> = {}): ScenarioStage {
  let published = 0;
  return {
    publish: async (mails) => {
      published += mails;
    },
    relay: (name) => {
      throw new Error(`no relay ${name}`);
    },
    setSecret: async () => undefined,
    view: async (times) => viewOf({ published, times: new Map(times) }),
    end: async (view) => endOf({ view }),
    close: () => undefined,
    ...parts,
  };
}

function told(stage: ScenarioStage, signal = new AbortController().signal, story = scenario) {
  const said: string[] = [];
  const played = play(story, stage, { signal, say: (text) => void said.push(text), pace: 0, patienceMs: 0 });
  return played.then((kept) => ({ kept, said }));
}

describe('a scenario', () => {
  it('takes its steps in turn and looks at what it promised', async () => {
    expect(await told(fakeStage())).toEqual({
      kept: [{ says: everyMailOnce.says, holds: true }],
      said: ['a mail is sent', 'it was seen'],
    });
  });

  it('does not hold when the end is another one', async () => {
    const lost = fakeStage({ end: async (view) => endOf({ view, fates: [fateOf({ takenBy: [] })] }) });
    expect((await told(lost)).kept).toEqual([{ says: everyMailOnce.says, holds: false }]);
  });

  it('does not hold when a step never comes, and says which', async () => {
    const deaf = fakeStage({ publish: async () => undefined });
    const { kept, said } = await told(deaf);
    expect(kept).toEqual([{ says: 'in 0 s: it was seen', holds: false }]);
    expect(said).toEqual(['a mail is sent']);
  });

  it('does not hold when the queue never empties', async () => {
    const stuck = fakeStage({ view: async (times) => viewOf({ published: 1, queued: 1, times: new Map(times) }) });
    expect((await told(stuck)).kept).toEqual([{ says: 'the queue is empty', holds: false }]);
  });

  it('that is ended early promises nothing', async () => {
    const stop = new AbortController();
    const stage = fakeStage({ publish: async () => stop.abort() });
    expect((await told(stage, stop.signal)).kept).toBeUndefined();
  });
});

describe('the catalogue', () => {
  it('has the scenarios that people were told about', () => {
    expect([...scenarios.keys()].sort()).toEqual(
      ['relay-outage', 'slow-relay', 'bad-credentials', 'greylist', 'throttle', 'flapping', 'stale-connections'].sort(),
    );
  });

  it.each([...scenarios])('%s is a story that can be told', (_, { config, steps, promises, behaviours = {} }) => {
    const { relays } = readStageConfig(config);
    expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length);
    const named = steps.flatMap(({ does }) => (does === undefined || does.kind === 'publish' ? [] : [does.relay]));
    for (const relay of [...named, ...Object.keys(behaviours)]) expect(Object.keys(relays)).toContain(relay);
    expect(promises.length).toBeGreaterThan(1);
  });

  it.each([...scenarios])('%s is broken by a mail that is lost', (_, { promises }) => {
    const lost = endOf({ fates: [fateOf({ takenBy: [] })] });
    expect(promises.every(({ holds }) => holds(lost))).toBe(false);
  });
});
