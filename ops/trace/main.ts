import { systemClock } from '../../lib/platform/clock.ts';
import { printable } from '../dlq/words.ts';
import { runOnTarget } from '../shared/run-on-target.ts';
import { help } from './help.ts';
import { parseOptions } from './options.ts';
import { printStory, storyForScripts } from './print.ts';
import { storySources } from './sources.ts';
import { readStory, tellStory } from './story.ts';

await runOnTarget(parseOptions, help, async (target, options) => {
  const story = await readStory(options.key, storySources(target, options, systemClock));
  if (story === undefined) {
    console.error(`Nothing is known of ${printable(options.key)} in ${target.name}: no copy of it was ever received.`);
    return 1;
  }
  const told = tellStory(story, systemClock.now());
  console.log(options.json ? JSON.stringify(storyForScripts(story, told)) : printStory(options.key, told));
  return 0;
});
