import { describe, expect, it } from 'vitest';
import { readStageConfig } from '../../../lib/contracts/stage-config.ts';
import { type DemoCase, demoCases, demoConfig } from '../../../local/commands/demo-cases.ts';
import { judge, type Observed } from '../../../local/commands/demo-judge.ts';

const demo: DemoCase = {
  title: 'one',
  key: 'k',
  bodies: [''],
  expected: {
    delivered: { 'a@x.example': 1 },
    by: 'primary',
    failedOverFrom: 'offline',
    deadLetter: { reason: 'rejected', says: ['b@x.example', '550'] },
  },
};
const right: Observed = {
  delivered: [{ to: 'a@x.example', relay: 'primary' }],
  relayFaults: ['offline'],
  deadLetters: [{ reason: 'rejected', detail: { recipients: [{ address: 'b@x.example', code: 550 }] }, key: 'k' }],
};
const [entry] = right.deadLetters;

describe('judging the demo', () => {
  it('finds nothing wrong with what was expected', () => expect(judge(demo, right)).toEqual([]));

  it.each<[string, Partial<Observed>]>([
    ['a@x.example got 0 copies, not 1', { delivered: [] }],
    ['a@x.example got 2 copies, not 1', { delivered: [...right.delivered, ...right.delivered] }],
    ['c@x.example got 1 copies, not 0', { delivered: [...right.delivered, { to: 'c@x.example', relay: 'primary' }] }],
    ['a@x.example was taken by offline, not by primary', { delivered: [{ to: 'a@x.example', relay: 'offline' }] }],
    ['offline was not tried before', { relayFaults: ['primary'] }],
    ['it was not dead-lettered (rejected)', { deadLetters: [] }],
    ['it was dead-lettered as poison, not as rejected', { deadLetters: entry ? [{ ...entry, reason: 'poison' }] : [] }],
    [
      'the dead letter does not say "550"',
      { deadLetters: entry ? [{ ...entry, detail: { message: 'b@x.example' } }] : [] },
    ],
    ['there is another dead letter: rejected', { deadLetters: entry ? [entry, entry] : [] }],
  ])('says: %s', (fault, change) => expect(judge(demo, { ...right, ...change })).toEqual([fault]));
});

describe('demo', () => {
  it('has a config that a stage may have', () => {
    expect(() => readStageConfig(demoConfig)).not.toThrow();
  });

  it('tells its cases apart', () => {
    expect(new Set(demoCases.map(({ title }) => title)).size).toBe(demoCases.length);
    expect(new Set(demoCases.flatMap(({ key }) => key ?? [])).size).toBe(demoCases.length - 1);
  });
});
