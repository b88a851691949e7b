import { Stack, Token } from 'aws-cdk-lib';
import { CfnRule, type IRule } from 'aws-cdk-lib/aws-events';
import {
  AccountPrincipal,
  type IGrantable,
  type IPrincipal,
  OrganizationPrincipal,
  PolicyStatement,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { CfnTopic, type ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { StageConfig } from '../lib/contracts/stage-config.ts';

export type Publisher = IGrantable | IRule | ITopic;

/** What a publisher with credentials of its own needs; the last two for SDKs that look the queue up first. */
const publishActions = ['sqs:SendMessage', 'sqs:GetQueueUrl', 'sqs:GetQueueAttributes'];

/** Admits the accounts and the organisation of the stage config. Their own policies must allow it as well. */
export function admitConfigured(queue: Queue, { accounts, organizationId }: StageConfig['publishers']): void {
  const principals: IPrincipal[] = accounts.map((account) => new AccountPrincipal(account));
  if (principals.length > 0) admit(queue, 'ConfiguredAccounts', principals);
  if (organizationId !== null) admit(queue, 'ConfiguredOrganization', [new OrganizationPrincipal(organizationId)]);
}

function admit(queue: Queue, sid: string, principals: IPrincipal[]): void {
  queue.addToResourcePolicy(
    new PolicyStatement({ sid, principals, actions: publishActions, resources: [queue.queueArn] }),
  );
}

export function admitPublisher(queue: Queue, publisher: Publisher): void {
  if ('ruleArn' in publisher) admitService(queue, 'events.amazonaws.com', ruleSource(queue, publisher));
  else if ('topicArn' in publisher) admitService(queue, 'sns.amazonaws.com', topicSource(queue, publisher));
  else queue.grant(publisher, ...publishActions);
}

function admitService(queue: Queue, service: string, sourceArn: string): void {
  queue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(service)],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      // Without it any rule or topic of any account could make the service deliver here (confused deputy).
      conditions: { [sourceArn.endsWith('*') ? 'ArnLike' : 'ArnEquals']: { 'aws:SourceArn': sourceArn } },
    }),
  );
}

/**
 * The ARN of a rule. A rule of another stack already refers to the queue as its target, and a reference back would be a
 * circle that neither CDK nor CloudFormation can deploy, so its ARN is written from names alone.
 */
function ruleSource(queue: Queue, rule: IRule): string {
  const resource = ownedElsewhere(queue, rule, CfnRule);
  if (resource === undefined) return rule.ruleArn;
  const bus = resource.eventBusName === undefined ? '' : '*/';
  const name = `${bus}${physicalName(resource, resource.name, 64)}`;
  return resource.stack.formatArn({ service: 'events', resource: 'rule', resourceName: name });
}

function topicSource(queue: Queue, topic: ITopic): string {
  const resource = ownedElsewhere(queue, topic, CfnTopic);
  if (resource === undefined) return topic.topicArn;
  return resource.stack.formatArn({ service: 'sns', resource: physicalName(resource, resource.topicName, 256) });
}

type Resource<Kind> = abstract new (...args: never[]) => Kind;

function ownedElsewhere<Kind extends IConstruct>(queue: Queue, owner: IConstruct, kind: Resource<Kind>) {
  const resource = owner.node.defaultChild;
  if (!(resource instanceof kind) || Stack.of(owner) === Stack.of(queue)) return undefined;
  return resource;
}

/**
 * A pattern for the name that CloudFormation makes up: stack name, logical id, 12 or 13 random characters. It shortens
 * the parts when the name would be too long for the service; then only a name given by hand is certain.
 */
function physicalName(resource: CfnRule | CfnTopic, given: string | undefined, longest: number): string {
  if (given !== undefined && !Token.isUnresolved(given)) return given;
  const { stackName } = resource.stack;
  const logicalId: unknown = resource.stack.resolve(resource.logicalId);
  const prefix = `${stackName}-${String(logicalId)}-`;
  if (Token.isUnresolved(stackName) || prefix.length + 13 > longest) {
    throw new Error(
      `grantPublish: give ${resource.node.path} a name of its own (CloudFormation would have to shorten ` +
        `"${prefix}…" to ${longest} characters, and the queue policy must name it)`,
    );
  }
  return `${prefix}*`;
}
