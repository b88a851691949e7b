import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { micromark } from 'micromark';
import { gfmTable, gfmTableHtml } from 'micromark-extension-gfm-table';

const runbook = fileURLToPath(new URL('../../docs/runbook.md', import.meta.url));

/** Markdown as HTML. micromark escapes HTML in the text and drops links of dangerous kinds unless told otherwise. */
export const renderMarkdown = (markdown: string): string =>
  micromark(markdown, { extensions: [gfmTable()], htmlExtensions: [gfmTableHtml()] });

/** The runbook's entry with that anchor, as HTML. Undefined: it has none. */
export async function runbookEntry(anchor: string): Promise<string | undefined> {
  const section = sectionOf(await readFile(runbook, 'utf8').catch(() => ''), anchor);
  return section === undefined ? undefined : renderMarkdown(section);
}

/** From the heading with the anchor to the next heading of its level or above. */
export function sectionOf(markdown: string, anchor: string): string | undefined {
  const lines = markdown.split('\n');
  let fenced = false;
  let level = 0;
  let start = -1;
  for (const [index, line] of lines.entries()) {
    if (/^(```|~~~)/.test(line)) fenced = !fenced;
    const [, marks = '', title = ''] = (fenced ? null : /^(#{1,6}) +(.*?) *$/.exec(line)) ?? [];
    if (marks === '') continue;
    if (start >= 0 && marks.length <= level) return lines.slice(start, index).join('\n');
    if (start < 0 && anchorOf(title) === anchor) [start, level] = [index, marks.length];
  }
  return start < 0 ? undefined : lines.slice(start).join('\n');
}

/** As GitHub makes it of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
