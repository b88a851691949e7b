import { Template } from 'aws-cdk-lib/assertions';
import { type ResolvedStack, resolveTemplate } from '../../local/template/resolve.ts';
import { parseTemplate } from '../../local/template/template.ts';
import { appWithoutBundling, makeStack } from '../cdk/synth.ts';

const everything = { events: { busName: 'outcomes' }, bounces: { mode: 'dsn' } };

/** The template of a stage with the relays `primary` and `fallback`, bounces and outcome events, as a local run sees it. */
export function resolvedStack(): ResolvedStack {
  const template = Template.fromStack(makeStack(everything, appWithoutBundling()));
  const account = { region: 'eu-west-1', accountId: '000000000000', sqsEndpoint: 'http://sqs' };
  return resolveTemplate(parseTemplate(template.toJSON()), 'postroom-test', account);
}
