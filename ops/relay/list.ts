import CliTable from 'cli-table3';
import { freshBreaker } from '../../lib/health/item.ts';
import { printable } from '../dlq/words.ts';
import { CommandError, errorText } from '../shared/command.ts';
import { describePause } from './intake.ts';
import type { Session } from './session.ts';
import { describeBreaker, describeOverride, describeProbe, describeStanding, summaryOf } from './words.ts';

/** Every relay of the stage: a table, or an array of JSON. */
export async function list(session: Session): Promise<number> {
  const { relays, store, clock, options, print, note } = session;
  const names = [...relays.keys()];
  const [items, pause] = await Promise.all([store.readAll(names), describePause(session)]).catch((error: unknown) => {
    throw new CommandError(`The health of the relays cannot be read: ${errorText(error)}`, 1, { cause: error });
  });
  const now = clock.now();
  const unread = names.filter((relay) => !items.has(relay));
  const read = names.filter((relay) => items.has(relay));
  if (options.json) print(JSON.stringify(read.map((relay) => summaryOf(relay, items.get(relay), now))));
  else
    print(
      tableOf(
        read.map((relay) => [relay, items.get(relay)] as const),
        now,
      ),
    );
  if (!options.json && pause !== undefined) print(printable(pause));
  if (unread.length > 0) note(`Could not be read: ${unread.join(', ')}`);
  return unread.length === 0 ? 0 : 1;
}

type Row = readonly [string, Parameters<typeof summaryOf>[1]];

function tableOf(rows: readonly Row[], now: number): string {
  const table = new CliTable({
    head: ['Relay', 'Now', 'Breaker', 'Probe', 'Override'],
    style: { head: [], border: [] },
  });
  for (const [relay, item] of rows) {
    table.push([
      relay,
      describeStanding(item, now),
      describeBreaker(item?.breaker ?? freshBreaker, now)
        .replace(': ', ':\n')
        .replace('; ', ';\n'),
      describeProbe(item?.probe, now).replace(': ', ':\n'),
      describeOverride(item?.override, now).replace(': ', ':\n'),
    ]);
  }
  return table.toString();
}
