import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { PostroomStack } from '../../cdk/postroom-stack.ts';
import { readStageConfig } from '../../lib/contracts/stage-config.ts';

/** A template that CloudFormation would refuse fails the test. */
const context = { '@aws-cdk/core:validateAgainstDefaultRules': true };

/** Without bundling, which takes a second and which one test does for real. */
export const appWithoutBundling = () =>
  new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false });

export function makeStack(overrides: object = {}, app = appWithoutBundling()) {
  const config = readStageConfig({ relays: { primary: { weight: 3 }, fallback: { tier: 1 } }, ...overrides });
  return new PostroomStack(app, 'test', config);
}

export const synthesise = (overrides: object = {}) => Template.fromStack(makeStack(overrides));

/** The template, with everything that goes with it in the app's output folder. */
export function synthesiseInto(app: App): Template {
  const stack = makeStack({}, app);
  app.synth();
  return Template.fromStack(stack);
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
  readonly Sid?: string;
}

/** The one resource of a type whose logical id contains `part`. */
export function only(template: Template, type: string, part = '') {
  const found = Object.entries(template.findResources(type)).filter(([id]) => id.includes(part));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} resources of ${type} with "${part}"`);
  const [id, resource] = first;
  return { id, properties: resource['Properties'], resource };
}

export const statements = (template: Template, type: string, part = ''): Statement[] =>
  only(template, type, part).properties.PolicyDocument.Statement;

export const actions = ({ Action }: Statement) => [Action].flat();
