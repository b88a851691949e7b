import { parseArgs } from 'node:util';
import { verdict } from '../shared/verdict.ts';
import { benchFailover } from './run.ts';

/** One of two relays is killed under load and brought back. */
export async function failover(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rate: { type: 'string', default: '50' },
      'warm-seconds': { type: 'string', default: '10' },
      'down-seconds': { type: 'string', default: '25' },
    },
  });
  const options = {
    mailsPerSecond: Number(values.rate),
    warmSeconds: Number(values['warm-seconds']),
    downSeconds: Number(values['down-seconds']),
  };
  console.log(
    `Two relays of equal weight, ${options.mailsPerSecond} mails/s; alpha is killed for ${options.downSeconds} s`,
  );
  return verdict(await benchFailover(options));
}
