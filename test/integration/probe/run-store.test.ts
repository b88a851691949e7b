import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { intakePause } from '../../../lib/audit/intake.ts';
import { dynamoDbRelayHealth } from '../../../lib/health/health-store.ts';
import { dynamoDbRuns, type IntakePause, RunLost, type RunStore } from '../../../lib/probe/run-store.ts';
import { type HealthTable, healthTable } from '../../support/health-table.ts';

let table: HealthTable;
let runs: RunStore;
beforeAll(async () => {
  table = await healthTable();
  runs = dynamoDbRuns(table.client, table.tableName);
});
afterAll(() => table.close());

const pause: IntakePause = { mapping: 'm', since: 5, askedAt: 6, reason: 'no relay' };

describe('the run item', () => {
  it('is had by one run at a time, of many that ask at once', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, (_, index) => runs.take(`run-${index}`, 1000, 2000)));
    expect(asked.filter(({ taken }) => taken)).toHaveLength(1);
    expect(asked.find(({ taken }) => !taken)).toEqual({ taken: false, endsAt: 2000 });
  });

  it('is had by the next one when the lease has ended, with the mark that the last one left', async () => {
    expect(await runs.take('a', 3000, 4000)).toEqual({ taken: true });
    await runs.mark('a', pause);
    expect(await runs.take('b', 3999, 9000)).toEqual({ taken: false, endsAt: 4000 });
    expect(await runs.take('b', 4000, 5000)).toEqual({ taken: true, pause });
    await runs.unmark('b', 4000);
    await runs.unmark('b', 4000);
    await runs.release('b');
    expect(await runs.take('c', 4001, 6000)).toEqual({ taken: true });
  });

  it('tells the audit of a pause, also of one that has ended', async () => {
    const told = intakePause(table.client, table.tableName);
    await runs.take('audited', 7000, 8000);
    await runs.mark('audited', pause);
    expect(await told()).toEqual({ since: 5 });
    await runs.unmark('audited', 7500);
    expect(await told()).toEqual({ since: 5, resumedAt: 7500 });
    await runs.release('audited');
  });

  it('is changed by nobody who has lost it', async () => {
    await runs.take('d', 10_000, 20_000);
    await expect(runs.mark('c', pause)).rejects.toThrow(RunLost);
    await expect(runs.unmark('c', 10_000)).rejects.toThrow(RunLost);
    await runs.release('c');
    expect(await runs.take('e', 11_000, 30_000)).toEqual({ taken: false, endsAt: 20_000 });
  });

  it('does not stand in the way of relays', async () => {
    const store = dynamoDbRelayHealth({ ...table, onUnreadable: (_, error) => expect.fail(String(error)) });
    expect(await store.readAll(['primary'])).toEqual(new Map([['primary', undefined]]));
  });
});
