import { systemClock } from '../../lib/platform/clock.ts';
import { runOnTarget } from '../shared/run-on-target.ts';
import { stopSignal } from '../shared/stop.ts';
import { drop } from './drop.ts';
import { exportEntries } from './export.ts';
import { help } from './help.ts';
import { list } from './list.ts';
import { type Command, parseOptions } from './options.ts';
import { redrive } from './redrive.ts';
import { openSession, type Session } from './session.ts';
import { show } from './show.ts';

const commands: Readonly<Record<Command, (session: Session) => Promise<number>>> = {
  list,
  show,
  redrive,
  drop,
  export: exportEntries,
};

await runOnTarget(parseOptions, help, (target, options) => {
  const { stdout, stderr } = process;
  const session = openSession(target, options, { clock: systemClock, signal: stopSignal(), stdout, stderr });
  return commands[options.command](session);
});
