import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Answer, pagePolicy } from './answer.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const page = fileURLToPath(new URL('page/', import.meta.url));
const { resolve } = createRequire(import.meta.url);
const uplot = dirname(resolve('uplot/dist/uPlot.esm.js'));
// Node is given a build of its own, in a folder below that for browsers.
const litHtml = join(dirname(resolve('lit-html')), '..');
/** Modules of lit-html that the page imports, and those that they import. */
const litFiles = ['lit-html.js', 'directive.js', 'directive-helpers.js', 'directives/repeat.js'];

/** The page's own files by the path they are served under. They are small, and read anew each time. */
export function pageFiles(): (pathname: string) => Answer | undefined {
  const files = new Map([
    ...readdirSync(page)
      .filter((name) => types[extname(name)] !== undefined)
      .map((name) => [`/page/${name}`, join(page, name)] as const),
    ['/', join(page, 'index.html')],
    ['/favicon.ico', join(page, 'icon.svg')],
    ['/vendor/uPlot.js', join(uplot, 'uPlot.esm.js')],
    ['/vendor/uPlot.css', join(uplot, 'uPlot.min.css')],
    ...litFiles.map((name) => [`/vendor/lit-html/${name}`, join(litHtml, name)] as const),
  ]);
  return (pathname) => {
    const path = files.get(pathname);
    if (path === undefined) return undefined;
    const body = readFileSync(path, 'utf8');
    const type = types[extname(path)] ?? 'text/plain';
    return { status: 200, type, body, ...(pathname === '/' ? { policy: pagePolicy(importMapHash(body)) } : {}) };
  };
}

/** The one inline script: without it the browser does not know what `uplot` is. */
function importMapHash(html: string): string {
  const [, map = ''] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html) ?? [];
  return `sha256-${createHash('sha256').update(map).digest('base64')}`;
}
