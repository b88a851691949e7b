import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { only, synthesiseInto } from './synth.ts';

const outdir = mkdtempSync(join(tmpdir(), 'postroom-bundle-'));
let template: Template;

beforeAll(() => {
  template = synthesiseInto(new App({ outdir, analyticsReporting: false }));
});
afterAll(() => rmSync(outdir, { recursive: true }));

describe.each([
  ['Sender', 'functions/sender.ts'],
  ['Probe', 'functions/probe.ts'],
])('bundle of the %s', (part, entry) => {
  const bundle = { file: '', environment: {} };

  beforeAll(() => {
    const { Code, Environment } = only(template, 'AWS::Lambda::Function', part).properties;
    bundle.file = join(outdir, assetFolder(Code.S3Key.replace('.zip', '')), 'index.mjs');
    bundle.environment = asDeployed(Environment.Variables);
  });

  it('is one ESM file, minified, of at most 800 KB, with a source map', () => {
    const code = readFileSync(bundle.file, 'utf8');

    expect(code).toMatch(/export\s*\{/);
    expect(Buffer.byteLength(code)).toBeLessThanOrEqual(800_000);
    expect(code.split('\n').length).toBeLessThan(code.length / 1000 + 20);
    expect(JSON.parse(readFileSync(`${bundle.file}.map`, 'utf8')).sources).toContainEqual(
      expect.stringContaining(entry),
    );
  });

  it('imports nothing but what Node has', async () => {
    const { metafile } = await build({
      entryPoints: [bundle.file],
      bundle: true,
      platform: 'node',
      packages: 'external',
      format: 'esm',
      write: false,
      metafile: true,
      logLevel: 'silent',
    });
    const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));

    expect(imported.filter((path) => !path.startsWith('node:') && !builtinModules.includes(path))).toEqual([]);
  });

  it('loads by itself, far from any node_modules', () => {
    const program = `console.log(typeof (await import(${JSON.stringify(bundle.file)})).handler)`;

    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: outdir,
      env: bundle.environment,
      encoding: 'utf8',
    });

    expect(printed.trim()).toBe('function');
  });
});

/** Where the cloud assembly says the asset lies. */
function assetFolder(hash: string): string {
  const [manifest = ''] = globSync('*.assets.json', { cwd: outdir });
  return JSON.parse(readFileSync(join(outdir, manifest), 'utf8')).files[hash].source.path;
}

/** The variables as Lambda would set them: references resolved to something of their kind. */
function asDeployed(variables: Record<string, unknown>): Record<string, string> {
  const resolved = Object.entries(variables).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : name.endsWith('_URL') ? 'https://sqs.eu-central-1.amazonaws.com/1/q' : 'table',
  ]);
  return { ...Object.fromEntries(resolved), AWS_REGION: 'eu-central-1' };
}
