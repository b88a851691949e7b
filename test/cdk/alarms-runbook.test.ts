import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { alarmNames } from '../../lib/contracts/alarms/names.ts';
import { parseOptions as parseAudit } from '../../ops/audit/options.ts';
import { parseOptions as parseCost } from '../../ops/cost/options.ts';
import { parseOptions as parseDeadLetters } from '../../ops/dlq/options.ts';
import { parseOptions as parseRelay } from '../../ops/relay/options.ts';
import { parseOptions as parseTrace } from '../../ops/trace/options.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const runbook = read('docs/runbook.md');
const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));

interface Section {
  readonly heading: string;
  readonly text: string;
}

const sections: Section[] = runbook
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [heading = '', ...lines] = section.split('\n');
    return { heading, text: lines.join('\n') };
  });

const others = ['Before you start', 'What watching costs'];
const blocks = [...runbook.matchAll(/```sh\n(.*?)```/gs)].map(([, code = '']) => code);

function filledIn(word: string): string {
  return word
    .replace('$STAGE', 'prod')
    .replace('$RELAY', 'primary')
    .replace(/^\$\w+$/, 'x');
}

/** The arguments of every `npm run NAME` in the runbook, as the shell would give them. */
const commands = blocks
  .flatMap((code) => code.split('\n'))
  .flatMap((line) => {
    const [, name, rest = ''] = /^npm run (\S+)(?: -- (.*))?$/.exec(line) ?? [];
    const args = [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    return name === undefined ? [] : [{ line, name, args: args.map(filledIn) }];
  });

const parsers: Readonly<Record<string, (args: readonly string[]) => unknown>> = {
  audit: parseAudit,
  cost: parseCost,
  dlq: parseDeadLetters,
  relay: parseRelay,
  trace: parseTrace,
};

describe('the runbook', () => {
  it('has one heading for each alarm, in the order of the table', () => {
    const headings = sections.map(({ heading }) => heading).filter((heading) => !others.includes(heading));

    expect(headings).toEqual([...alarmNames]);
  });

  it.each(alarmNames)('says of %s what it means, how to look and how to repair, with commands', (name) => {
    const { text } = sections.find(({ heading }) => heading === name) ?? expect.fail('no heading');

    const [meaning, look, repair] = ['**What it means.** ', '**How to look.** ', '**How to repair.**'].map((part) =>
      text.indexOf(part),
    );
    expect(meaning).toBe(1);
    expect(look).toBeGreaterThan(Number(meaning));
    expect(repair).toBeGreaterThan(Number(look));
    expect(text.slice(look, repair)).toContain('```sh');
  });

  it('links only to headings that there are', () => {
    const anchors = sections.map(({ heading }) => heading.toLowerCase().replaceAll(' ', '-'));
    const links = [...runbook.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor);

    expect(links.length).toBeGreaterThan(10);
    for (const link of links) expect(anchors).toContain(link);
  });
});

describe('its commands', () => {
  it('are ones that a shell can read', () => {
    for (const code of blocks) execFileSync('bash', ['-n'], { input: code });
  });

  it('are ones that there are', () => {
    expect(commands.length).toBeGreaterThan(30);
    for (const { name, line } of commands) expect(Object.keys(scripts), line).toContain(name);
  });

  it.each(commands.filter(({ name }) => name in parsers))('take their arguments: $line', ({ name, args }) => {
    expect(parsers[name]?.(args)).toBeDefined();
  });
});
