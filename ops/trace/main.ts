import { systemClock } from '../../lib/platform/clock.ts';
import { printable } from '../dlq/words.ts';
import { runCommand } from '../shared/command.ts';
import { resolveTarget } from '../shared/target.ts';
import { help } from './help.ts';
import { parseOptions } from './options.ts';
import { printStory, storyForScripts } from './print.ts';
import { storySources } from './sources.ts';
import { readStory, tellStory } from './story.ts';

await runCommand(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(help);
    return 0;
  }
  const target = await resolveTarget(options);
  try {
    const story = await readStory(options.key, storySources(target, options, systemClock));
    if (story === undefined) {
      console.error(
        `Nothing is known of ${printable(options.key)} in ${target.name}: no copy of it was ever received.`,
      );
      return 1;
    }
    const told = tellStory(story, systemClock.now());
    console.log(options.json ? JSON.stringify(storyForScripts(story, told)) : printStory(options.key, told));
    return 0;
  } finally {
    target.close();
  }
});
