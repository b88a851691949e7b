import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import * as v from 'valibot';

const results = v.object({
  violations: v.array(v.object({ id: v.string(), nodes: v.array(v.object({ html: v.string() })) })),
});

/** What axe finds against WCAG 2.2 AA in the page as it is now: the rule, and the first place that breaks it. */
export async function violations(page: Page): Promise<readonly string[]> {
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  await page.evaluate(await readFile(axe, 'utf8'));
  // What is drawn in frames are mails, not ours to mend.
  const run =
    'axe.run({ exclude: [["iframe"]] }, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] })';
  const { violations: found } = v.parse(results, await page.evaluate(run));
  return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}
