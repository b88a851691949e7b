import { readFile } from 'node:fs/promises';
import { build, type Plugin } from 'esbuild';

/**
 * Bundles one function, as a program of its own because the CDK's constructs cannot wait: `bundle.ts ENTRY OUTPUT-FILE`.
 * One ESM file with all it needs, the AWS SDK too, so that what was tested is what runs and a runtime update changes
 * nothing.
 */
const [entry = '', outfile = ''] = process.argv.slice(2);

/**
 * The SDK's schemas use constants as computed keys, `{ [_hE]: 404 }`. To esbuild a computed key may have side effects, so
 * it keeps the schemas of every operation that nobody calls. Written out as plain keys, they go.
 */
const plainSchemaKeys: Plugin = {
  name: 'plain-schema-keys',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist-es[\\/].*schemas_\d+\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const constants = new Map(
        [...source.matchAll(/^const (\w+) = ("[^"\n]*");$/gm)].map(([, name, text]) => [name, text]),
      );
      return {
        contents: source.replace(/\[(\w+)\]:/g, (key, name: string) =>
          constants.has(name) ? `${constants.get(name)}:` : key,
        ),
      };
    });
  },
};

await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  sourcemap: true,
  sourcesContent: false,
  // ASCII would spell out each character of the HTML entity tables.
  charset: 'utf8',
  // Lambda hands credentials over in the environment and nowhere else.
  alias: { '@aws-sdk/credential-provider-node': './lib/platform/environment-credentials.ts' },
  plugins: [plainSchemaKeys],
  logLevel: 'warning',
});
