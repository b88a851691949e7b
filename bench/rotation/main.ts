import { parseArgs } from 'node:util';
import { verdict } from '../shared/verdict.ts';
import { benchRotation } from './run.ts';

/** The relay's password changes again and again under load. */
export async function rotation(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rate: { type: 'string', default: '30' },
      rotations: { type: 'string', default: '20' },
      'every-seconds': { type: 'string', default: '2' },
    },
  });
  const options = {
    mailsPerSecond: Number(values.rate),
    rotations: Number(values.rotations),
    everySeconds: Number(values['every-seconds']),
  };
  console.log(`One relay, ${options.mailsPerSecond} mails/s; its password changes ${options.rotations} times`);
  return verdict(await benchRotation(options));
}
