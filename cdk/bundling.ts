import { fileURLToPath } from 'node:url';
import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

export const lockFile = fileURLToPath(new URL('../package-lock.json', import.meta.url));

/**
 * How every function is bundled: one ESM file with all it needs, the AWS SDK too, so that what was tested is what runs
 * and a runtime update changes nothing.
 */
export const bundling: BundlingOptions = {
  format: OutputFormat.ESM,
  mainFields: ['module', 'main'],
  externalModules: [],
  minify: true,
  sourceMap: true,
  sourcesContent: false,
  esbuildArgs: {
    // ASCII would spell out each character of the HTML entity tables. (The CDK's own `charset` option does nothing.)
    '--charset': 'utf8',
    '--alias:@aws-sdk/credential-provider-node': './lib/platform/environment-credentials.ts',
  },
};
