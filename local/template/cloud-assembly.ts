import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { type Json, parseTemplate, type Template } from './template.ts';

/** A synthesised stack: the template that would be deployed, and where its assets lie on disk. */
export interface SynthesisedStack {
  readonly stackName: string;
  readonly template: Template;
  /** Directory by S3 object key, as `Code.S3Key` of a function names it. */
  readonly assets: ReadonlyMap<string, string>;
}

const manifestSchema = v.object({
  artifacts: v.record(
    v.string(),
    v.object({ type: v.string(), properties: v.optional(v.record(v.string(), v.unknown()), {}) }),
  ),
});

const stackProperties = v.object({ templateFile: v.string(), stackName: v.optional(v.string()) });

const assetManifest = v.object({
  files: v.record(
    v.string(),
    v.object({
      source: v.object({ path: v.string(), packaging: v.string() }),
      destinations: v.record(v.string(), v.object({ objectKey: v.string() })),
    }),
  ),
});

/**
 * Reads one stack of a cloud assembly (the CDK's output directory).
 * https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/cx-api
 *
 * @throws Error when the assembly has no stack of that name
 */
export async function readStack(assembly: string, stackName: string): Promise<SynthesisedStack> {
  const { artifacts } = v.parse(manifestSchema, await readJson(join(assembly, 'manifest.json')));
  for (const [id, artifact] of Object.entries(artifacts)) {
    if (artifact.type !== 'aws:cloudformation:stack') continue;
    const properties = v.parse(stackProperties, artifact.properties);
    if ((properties.stackName ?? id) !== stackName) continue;
    const template = parseTemplate(await readJson(join(assembly, properties.templateFile)));
    return { stackName, template, assets: await readAssets(assembly, id) };
  }
  throw new Error(`The app has no stack ${stackName}; it has ${Object.keys(artifacts).join(', ')}`);
}

async function readAssets(assembly: string, stackId: string): Promise<ReadonlyMap<string, string>> {
  const { files } = v.parse(assetManifest, await readJson(join(assembly, `${stackId}.assets.json`)));
  const assets = new Map<string, string>();
  for (const { source, destinations } of Object.values(files)) {
    if (source.packaging !== 'zip') continue;
    for (const { objectKey } of Object.values(destinations)) assets.set(objectKey, join(assembly, source.path));
  }
  return assets;
}

async function readJson(path: string): Promise<Json> {
  const value: Json = JSON.parse(await readFile(path, 'utf8'));
  return value;
}
