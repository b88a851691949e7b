import { runCommand } from './command.ts';
import { resolveTarget, type Target, type TargetOptions } from './target.ts';

/** Runs a command on the target that its arguments name, or prints its help, and ends the process with its exit code. */
export async function runOnTarget<Options extends TargetOptions>(
  parseOptions: (args: readonly string[]) => Options | undefined,
  help: string,
  command: (target: Target, options: Options) => Promise<number>,
): Promise<void> {
  await runCommand(async () => {
    const options = parseOptions(process.argv.slice(2));
    if (options === undefined) {
      console.log(help);
      return 0;
    }
    const target = await resolveTarget(options);
    try {
      return await command(target, options);
    } finally {
      target.close();
    }
  });
}
