import { parseArgs } from 'node:util';
import { verdict } from '../shared/verdict.ts';
import { benchFailover } from './run.ts';

/** One of two relays is killed under load and brought back; with --silent it keeps its port, and says nothing any more. */
export async function failover(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rate: { type: 'string', default: '50' },
      'warm-seconds': { type: 'string', default: '10' },
      'down-seconds': { type: 'string' },
      silent: { type: 'boolean', default: false },
    },
  });
  const options = {
    mailsPerSecond: Number(values.rate),
    warmSeconds: Number(values['warm-seconds']),
    // A silent relay is noticed after a mail's share of its time, and not at once.
    downSeconds: Number(values['down-seconds'] ?? (values.silent ? 60 : 25)),
    silent: values.silent,
  };
  console.log(
    `Two relays of equal weight, ${options.mailsPerSecond} mails/s; alpha is ${options.silent ? 'silent' : 'killed'} for ${options.downSeconds} s`,
  );
  return verdict(await benchFailover(options));
}
