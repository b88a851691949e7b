import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alarmNames } from '../../lib/contracts/alarms/names.ts';
import { alarmsOf } from '../../local/metrics/alarm-definition.ts';
import { widgetsOf } from '../../local/metrics/dashboard.ts';
import { metricKey } from '../../local/metrics/store.ts';
import type { ResolvedStack } from '../../local/template/resolve.ts';
import { resolvedStack } from '../support/resolved-stack.ts';
import { Rehearsal } from './support/rehearsal.ts';
import { type RehearsalRelays, startRehearsalRelays } from './support/rehearsal-relays.ts';
import { rehearsals } from './support/rehearsals.ts';

let stack: ResolvedStack;
let relays: RehearsalRelays;
/** They want real SMTP and a real log: `console.test.ts` fills them. */
const filledElsewhere = ['primary: connections', 'fallback: connections', 'Sender: log'];
/** Every metric that any rehearsal published. */
const published = new Set<string>();

beforeAll(async () => {
  stack = await resolvedStack();
  relays = await startRehearsalRelays(['primary', 'fallback']);
});
afterAll(() => relays.close());

describe('rehearsals of alarms', () => {
  it.each(Object.entries(rehearsals))(
    '%s goes off, and clears after the repair',
    { timeout: 60_000 },
    async (id, incident) => {
      const rehearsal = new Rehearsal(stack, relays);
      incident.prepare?.(rehearsal);
      // A quiet stage, with a mail a minute.
      rehearsal.traffic = 1;
      for (let minute = 0; minute < 4; minute += 1) await rehearsal.minute();
      expect(rehearsal.state(id), 'before the incident').not.toBe('ALARM');

      await incident.begins(rehearsal, relays);
      await rehearsal.until(id, 'ALARM', 150);

      await incident.repair(rehearsal, relays);
      await rehearsal.until(id, 'OK', 120);

      for (const identity of rehearsal.cloudWatch.store.identities()) published.add(metricKey(identity));
    },
  );

  it('there is one for every alarm of the template', () => {
    const inTemplate = alarmsOf(stack.resources).map(({ name }) => name.replace('postroom-test-', ''));
    expect(Object.keys(rehearsals).sort()).toEqual([...inTemplate].sort());
    expect([...new Set(inTemplate.map((id) => id.replace(/-.*/, '')))].sort()).toEqual([...alarmNames].sort());
  });

  it('between them fill every widget of the dashboard', () => {
    const graphs = widgetsOf(stack.resources).filter((widget) => widget.kind === 'graph');
    const empty = graphs.filter(({ lines }) => {
      const operands = lines.flatMap(({ formula }) => Object.values(formula.operands));
      return !operands.some(({ identity }) => published.has(metricKey(identity)));
    });
    expect(graphs.length).toBeGreaterThan(20);
    expect(empty.map(({ title }) => title)).toEqual(filledElsewhere);
  });
});
