import { parseArgs } from 'node:util';
import { verdict } from '../shared/verdict.ts';
import { type CoolDown, coolDowns, judge } from './judge.ts';
import { runFleet } from './run.ts';

/** Many environments at one time, all with mail for a relay that is dead. */
export async function fleet(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      environments: { type: 'string', default: '50' },
      'cool-downs': { type: 'string', default: '4' },
      'cool-down-seconds': { type: 'string', default: '10' },
      'mail-every-ms': { type: 'string', default: '200' },
      'skew-ms': { type: 'string', default: '2000' },
      'table-ms': { type: 'string', default: '200' },
    },
  });
  const options = {
    environments: Number(values.environments),
    coolDowns: Number(values['cool-downs']),
    coolDownSeconds: Number(values['cool-down-seconds']),
    mailEveryMs: Number(values['mail-every-ms']),
    skewMs: Number(values['skew-ms']),
    tableMs: Number(values['table-ms']),
  };
  const { environments, mailEveryMs, skewMs, tableMs } = options;
  console.log(
    `${environments} senders, a thread each, a mail every ${mailEveryMs} ms each, clocks wrong by up to ${skewMs} ms`,
  );
  console.log(`One relay that dies and comes back; one health table, up to ${tableMs} ms slow`);
  const evidence = await runFleet({ ...options, onProgress: (line) => console.log(`  ${line}`) });
  print(coolDowns(evidence));
  return verdict(judge(evidence, options.coolDowns));
}

const columns: readonly (readonly [string, (one: CoolDown) => string])[] = [
  ['opened', ({ openedAfter }) => `${openedAfter.toFixed(1)} s`],
  ['lasts', ({ lastsSeconds }) => `${lastsSeconds} s`],
  ['wanting', ({ wanting }) => String(wanting)],
  ['asked', ({ asked }) => String(asked)],
  ['overtaken', ({ overtaken }) => String(overtaken)],
  ['trials', ({ leases }) => String(leases)],
  ['connections', ({ attempts }) => String(attempts)],
  ['trial at end', ({ trialAfter }) => `${trialAfter < 0 ? '' : '+'}${trialAfter.toFixed(1)} s`],
  ['then', ({ endsIn }) => endsIn],
];

function print(rows: readonly CoolDown[]): void {
  console.log('');
  for (const cells of [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, cell]) => cell(row)))]) {
    console.log(`  ${cells.map((cell) => cell.padStart(13)).join('')}`);
  }
}
