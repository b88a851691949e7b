import type { Session } from './session.ts';
import { exitCode, type Tally } from './sweep.ts';
import { entries, printable } from './words.ts';

/** Says what a command that changes things did, or would do, and gives its exit code. */
export function finish(
  { options, print, note }: Session,
  tally: Tally,
  words: { readonly done: string; readonly would: string },
): number {
  if (options.json) print(JSON.stringify({ summary: { ...tally, dryRun: !options.yes } }));
  else {
    const { done, failed, skipped, looked } = tally;
    const parts = [
      `${entries(done)} ${options.yes ? words.done : words.would}`,
      ...(failed > 0 ? [`${failed} failed`] : []),
      ...(skipped > 0 ? [`${skipped} left as they are`] : []),
      `${looked} looked at`,
    ];
    print(parts.join(', '));
    if (tally.matched === 0 && looked > 0) print(`None matches. Reasons in the queue: ${reasonsOf(tally)}`);
    if (!options.yes && done > 0) print('Nothing was changed. Add --yes to do it.');
  }
  if (tally.interrupted) note('Interrupted. What is left is as it was; run the command again to go on.');
  return exitCode(tally);
}

/** `7 rejected, 2 expired`. */
export function reasonsOf({ reasons }: Tally): string {
  return Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count} ${printable(reason)}`)
    .join(', ');
}
