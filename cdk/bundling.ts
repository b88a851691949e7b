import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stack, Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The code of a function, bundled from `functions/NAME.ts` by `bundle.ts`; its handler is `index.handler`. */
export function bundled(scope: Construct, name: string): Code {
  const entry = join('functions', `${name}.ts`);
  // The CDK CLI asks for no bundle of stacks that a command does not touch; neither do tests of templates.
  if (!Stack.of(scope).bundlingRequired) return Code.fromAsset(join(root, 'functions'));
  const assembly = Stage.of(scope)?.outdir ?? join(root, 'cdk.out');
  const folder = join(assembly, `bundle.${basename(name)}`);
  const program = fileURLToPath(new URL('bundle.ts', import.meta.url));
  const run = spawnSync(process.execPath, [program, entry, join(folder, 'index.mjs')], { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`Bundling ${entry} failed:\n${run.stderr}${run.error?.message ?? ''}`);
  return Code.fromAsset(folder);
}
