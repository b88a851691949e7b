import { describe, expect, it } from 'vitest';
import { pageFiles } from '../../../local/console/page-files.ts';

const file = pageFiles();

describe('the files of the page', () => {
  it('are all that its modules import, and nothing else is served', () => {
    const { body } = file('/') ?? { body: '' };
    const imports: Readonly<Record<string, string>> = JSON.parse(
      /<script type="importmap">(.*?)<\/script>/s.exec(String(body))?.[1] ?? '{}',
    ).imports;
    const seen = new Set<string>();
    const visit = (path: string) => {
      if (seen.has(path)) return;
      seen.add(path);
      const source = String(file(path)?.body ?? expect.fail(`${path} is not served`));
      if (!path.endsWith('.js')) return;
      for (const [, name = ''] of source.matchAll(/(?<!@)\bimport\b[^;'"()]*?from\s*["']([^"']+)["']/g)) {
        visit(imports[name] ?? new URL(name, `http://x${path}`).pathname);
      }
    };
    for (const [, path = ''] of String(body).matchAll(/(?:src|href)="(\/[^"]+)"/g)) visit(path);
    expect(seen.size).toBeGreaterThan(15);
    expect(file('/page/../server.ts')).toBeUndefined();
    expect(file('/page/tsconfig.json')).toBeUndefined();
  });

  it('come from here alone, as the policy says', () => {
    const policy = file('/')?.policy ?? '';
    expect(policy).toMatch(/script-src 'self' 'sha256-[\w+/=]{44}';/);
    expect(policy).not.toContain('http');
    expect(policy).toContain("frame-ancestors 'none'");
  });
});
