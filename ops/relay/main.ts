import { systemClock } from '../../lib/platform/clock.ts';
import { runCommand } from '../shared/command.ts';
import { resolveTarget } from '../shared/target.ts';
import { disable, drain, enable, reset } from './change.ts';
import { help } from './help.ts';
import { list } from './list.ts';
import { type Command, parseOptions } from './options.ts';
import { probe } from './probe.ts';
import { openSession, type Session } from './session.ts';
import { show } from './show.ts';

const commands: Readonly<Record<Command, (session: Session) => Promise<number>>> = {
  list,
  show,
  drain,
  disable,
  enable,
  reset,
  probe,
};

await runCommand(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(help);
    return 0;
  }
  const target = await resolveTarget(options);
  try {
    const { stdout, stderr } = process;
    return await commands[options.command](openSession(target, options, { clock: systemClock, stdout, stderr }));
  } finally {
    target.close();
  }
});
