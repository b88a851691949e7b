import { systemClock } from '../../lib/platform/clock.ts';
import { runOnTarget } from '../shared/run-on-target.ts';
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

await runOnTarget(parseOptions, help, (target, options) => {
  const { stdout, stderr } = process;
  return commands[options.command](openSession(target, options, { clock: systemClock, stdout, stderr }));
});
