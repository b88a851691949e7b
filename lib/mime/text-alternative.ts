import { finished } from 'node:stream/promises';
import { WritableStream } from 'htmlparser2/WritableStream';
import { TextWriter } from './text-writer.ts';

const invisible = new Set(['head', 'style', 'script', 'title', 'template', 'object', 'iframe', 'select', 'textarea']);
const paragraphs = new Set([
  'p',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'ul',
  'ol',
  'dl',
  'table',
  'blockquote',
  'pre',
  'hr',
]);
const blocks = new Set(
  'address article aside body caption center dd details div dt fieldset figcaption figure footer form header li main nav section summary tr'.split(
    ' ',
  ),
);

/** Browsers nest no deeper than 512 either. The parser's time grows with the square of the depth. */
const maxDepth = 512;
const chunkLength = 8192;

interface OpenElement {
  readonly hidden: boolean;
  /** Of a link: where it leads, and what was written before it. */
  readonly link?: { readonly href: string; readonly from: number };
  /** Of an ordered list: the number of its next entry. */
  next?: number;
}

/**
 * The plain-text alternative of an HTML body: paragraphs, lists, link targets and the text of images; no layout. A body
 * of pictures alone may give an empty text, and one that is nested beyond all reason gives none.
 */
export async function textFromHtml(html: string): Promise<string> {
  const writer = new TextWriter();
  const open: OpenElement[] = [];
  const parser = new WritableStream({
    onopentag: (name, attributes) => {
      open.push(openElement(writer, open, name, attributes));
    },
    ontext: (text) => {
      if (open.at(-1)?.hidden !== true) writer.write(text);
    },
    onclosetag: (name) => closeElement(writer, open.pop(), name),
  });
  for (let at = 0; at < html.length; at += chunkLength) {
    parser.write(html.slice(at, at + chunkLength));
    if (open.length > maxDepth) return '';
  }
  parser.end();
  await finished(parser);
  return writer.text();
}

function openElement(
  writer: TextWriter,
  open: readonly OpenElement[],
  name: string,
  attributes: Readonly<Record<string, string>>,
): OpenElement {
  if (open.at(-1)?.hidden === true || invisible.has(name) || isHidden(attributes)) return { hidden: true };
  writer.lineBreaks(breaksAround(name));
  if (name === 'br') writer.newLine();
  if (name === 'hr') writer.write('--------');
  if (name === 'img') writer.write(attributes['alt'] ?? '');
  if (name === 'td' || name === 'th') writer.space();
  if (name === 'li') startEntry(writer, open);
  if (name === 'pre') writer.preformatted += 1;
  if (name === 'a') return { hidden: false, link: { href: attributes['href'] ?? '', from: writer.position() } };
  return name === 'ol' ? { hidden: false, next: 1 } : { hidden: false };
}

function closeElement(writer: TextWriter, element: OpenElement | undefined, name: string): void {
  if (element === undefined || element.hidden) return;
  if (name === 'pre') writer.preformatted -= 1;
  if (element.link !== undefined) writeTarget(writer, element.link);
  writer.lineBreaks(breaksAround(name));
}

function breaksAround(name: string): number {
  return paragraphs.has(name) ? 2 : blocks.has(name) ? 1 : 0;
}

function isHidden(attributes: Readonly<Record<string, string>>): boolean {
  return 'hidden' in attributes || /display\s*:\s*none/i.test(attributes['style'] ?? '');
}

function startEntry(writer: TextWriter, open: readonly OpenElement[]): void {
  const list = open.at(-1);
  writer.mark(list?.next === undefined ? '- ' : `${list.next}. `);
  if (list?.next !== undefined) list.next += 1;
}

/** Writes where a link leads, unless its text says so already. */
function writeTarget(writer: TextWriter, { href, from }: { readonly href: string; readonly from: number }): void {
  if (!/^(?:https?|mailto|tel):/i.test(href)) return;
  const shown = writer.since(from);
  if (shown === href || href.replace(/^(?:https?:\/\/|mailto:|tel:)|\/$/gi, '') === shown) return;
  writer.write(shown === '' ? href : ` (${href})`);
}
