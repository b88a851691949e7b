import { systemClock } from '../../lib/platform/clock.ts';
import { runCommand } from '../shared/command.ts';
import { stopSignal } from '../shared/stop.ts';
import { resolveTarget } from '../shared/target.ts';
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

await runCommand(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(help);
    return 0;
  }
  const target = await resolveTarget(options);
  const { stdout, stderr } = process;
  const session = openSession(target, options, { clock: systemClock, signal: stopSignal(), stdout, stderr });
  try {
    return await commands[options.command](session);
  } finally {
    target.close();
  }
});
