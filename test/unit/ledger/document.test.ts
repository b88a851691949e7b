import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const defaultFile = 'test/unit/delivery/what-happens-when.test.ts';

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/** The first column of the table "What happens when": a name, and the test file where it is not the usual one. */
function rows(): { readonly name: string; readonly file: string }[] {
  const [, section = ''] = read('docs/ledger.md').split('## What happens when\n');
  const [table = ''] = section.split('\n## ');
  const cells = [...table.matchAll(/^\| ([^|]+) \|/gm)]
    .map(([, cell = '']) => cell.trim())
    .filter((cell) => !/^(-+|what happens)$/.test(cell));
  return cells.map((cell) => {
    const [, name = cell, file = defaultFile] = /^(.+) \(`(test\/.+)`\)$/.exec(cell) ?? [];
    return { name, file };
  });
}

/** Names of tests as they stand in the source; `it(name` stands for the names of the list above it. */
function testNames(file: string): string[] {
  const source = read(file);
  const titles = source.matchAll(/\bit\(\s*(?:'([^']+)'|"([^"]+)")/g);
  const listed = source.matchAll(/for \(const name of \[([^\]]+)\]\)/g);
  return [
    ...[...titles].map(([, single, double]) => single ?? double ?? ''),
    ...[...listed].flatMap(([, list = '']) => [...list.matchAll(/'([^']+)'/g)].map(([, name = '']) => name)),
  ];
}

describe('docs/ledger.md', () => {
  it.each(rows())('has a test for: $name', ({ name, file }) => {
    expect(testNames(file)).toContain(name);
  });

  it('has a row for every test of what happens when', () => {
    const told = rows().map(({ name }) => name);

    expect(testNames(defaultFile).filter((name) => !told.includes(name))).toEqual([]);
    expect(told.length).toBeGreaterThan(30);
  });
});
