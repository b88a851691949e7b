import { printable } from '../dlq/words.ts';
import type { Story, ToldStory } from './story.ts';

/** A told story as text for a terminal. */
export function printStory(wanted: string, { summary, steps, recipients, next }: ToldStory): string {
  const text = [
    `${wanted}: ${summary}`,
    ...section(
      'What happened',
      steps.flatMap(({ at, text, details }) => [
        `${at}  ${text}`,
        ...details.map((detail) => `${' '.repeat(26)}${detail}`),
      ]),
    ),
    ...section('Recipients', recipients),
    ...section('What happens next', next),
  ].join('\n');
  return printable(text);
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

/** For scripts: the facts, and the same words. */
export function storyForScripts({ wanted, item, lines, logProblem }: Story, told: ToldStory): object {
  const { summary, next } = told;
  return { key: item?.key ?? wanted, summary, next, ledger: item, log: lines, logProblem };
}
