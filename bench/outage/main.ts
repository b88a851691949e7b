import { parseArgs } from 'node:util';
import { verdict } from '../shared/verdict.ts';
import { benchOutage } from './run.ts';

/** No relay at all for a while. */
export async function outage(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'outage-seconds': { type: 'string', default: '600' },
      waiting: { type: 'string', default: '5000' },
      arriving: { type: 'string', default: '5' },
    },
  });
  const options = {
    outageSeconds: Number(values['outage-seconds']),
    waiting: Number(values.waiting),
    arriving: Number(values.arriving),
  };
  const { outageSeconds, waiting, arriving } = options;
  console.log(`No relay for ${outageSeconds} s, ${waiting} mails waiting, ${arriving} more each second`);
  console.log('Cool-downs and probes as by default; only the length of the outage is an option (--outage-seconds)');
  return verdict(await benchOutage(options));
}
