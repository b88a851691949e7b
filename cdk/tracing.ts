import { CfnSamplingRule } from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';
import type { StageConfig } from '../lib/contracts/stage-config.ts';

/** Before the rules that people make in the console, which start at 1000 there, and before the default one (10000). */
const priority = 900;

/**
 * Tells X-Ray which share of the stage's invocations to trace. Lambda asks X-Ray when no trace header came with the
 * message (API reference, TracingConfig); its developer guide warns that it may keep to one a second and 5% all the same.
 * A header that says `Sampled=1` is always obeyed. Slow sends are in the log in any case.
 */
export class Tracing extends Construct {
  constructor(scope: Construct, id: string, { stage, config }: { stage: string; config: StageConfig }) {
    super(scope, id);
    const { sampleRate } = config.tracing;
    if (sampleRate === 0) return;
    new CfnSamplingRule(this, 'Sampling', {
      samplingRule: {
        ruleName: `postroom-${stage}`,
        priority,
        fixedRate: sampleRate,
        reservoirSize: 1,
        serviceName: `postroom-${stage}-Postroom*`,
        serviceType: 'AWS::Lambda::Function',
        host: '*',
        httpMethod: '*',
        urlPath: '*',
        resourceArn: '*',
        version: 1,
      },
    });
  }
}
