import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { readStack, type SynthesisedStack } from './cloud-assembly.ts';
import { nodeBinary } from './node-binary.ts';

export interface SynthesiseOptions {
  readonly stage: string;
  /** Stage config to read instead of `cdk/stages/<stage>.json`. */
  readonly configPath?: string;
  /** Where the cloud assembly goes. */
  readonly outputDirectory: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const cdkJson = v.object({ context: v.optional(v.record(v.string(), v.unknown()), {}) });

/**
 * Runs the CDK app as the CDK CLI does (`CDK_OUTDIR`, `CDK_CONTEXT_JSON`), so that the functions are bundled, and reads
 * the stack `postroom-<stage>`.
 *
 * @throws Error with the app's own output when it fails, such as a stage config that is not valid
 */
export async function synthesise(options: SynthesiseOptions): Promise<SynthesisedStack> {
  const outputDirectory = resolve(options.outputDirectory);
  const { context } = v.parse(cdkJson, JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8')));
  const config = options.configPath === undefined ? {} : { config: resolve(options.configPath) };
  await runApp(outputDirectory, { ...context, stage: options.stage, ...config });
  return readStack(outputDirectory, `postroom-${options.stage}`);
}

async function runApp(outputDirectory: string, context: Readonly<Record<string, unknown>>): Promise<void> {
  const path = [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const child = spawn(nodeBinary(), [join('cdk', 'app.ts')], {
    cwd: root,
    env: { ...process.env, PATH: path, CDK_OUTDIR: outputDirectory, CDK_CONTEXT_JSON: JSON.stringify(context) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  const [errors, code] = await Promise.all([text(child.stderr), exit]);
  if (code !== 0) throw new Error(`Synthesis of the stack failed:\n${errors.trim()}`);
}
