import { parseArgs } from 'node:util';
import { verdict } from '../shared/verdict.ts';
import { benchFreeze } from './run.ts';

/** The sender's process sleeps longer than the relay keeps its sessions. */
export async function freeze(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { freezes: { type: 'string', default: '100' }, 'relay-idle-ms': { type: 'string', default: '300' } },
  });
  const options = { freezes: Number(values.freezes), relayIdleMs: Number(values['relay-idle-ms']) };
  console.log(`${options.freezes} freezes of the sender, each longer than the relay's ${options.relayIdleMs} ms`);
  return verdict(await benchFreeze(options));
}
