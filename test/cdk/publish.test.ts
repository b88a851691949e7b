import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { describe, expect, it } from 'vitest';
import { actions, appWithoutBundling, makeStack, statements, synthesise } from './synth.ts';

const eventPattern = { source: ['shop'] };

function makeNeighbours() {
  const app = appWithoutBundling();
  const stack = makeStack({}, app);
  return { stack, postroom: stack.postroom, other: new Stack(app, 'shop') };
}

const allowed = (stack: Stack) =>
  statements(Template.fromStack(stack), 'AWS::SQS::QueuePolicy', 'Intake').filter(({ Effect }) => Effect === 'Allow');

describe('grantPublish', () => {
  it('opens the queue to nobody by itself', () => {
    expect(allowed(makeStack())).toEqual([]);
  });

  it('lets a function of another stack send', () => {
    const { postroom, other } = makeNeighbours();
    const code = Code.fromInline('exports.handler = async () => {};');
    const shop = new LambdaFunction(other, 'Shop', { runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code });

    postroom.grantPublish(shop);

    const [granted] = statements(Template.fromStack(other), 'AWS::IAM::Policy');
    expect(actions(granted ?? expect.fail('no grant'))).toContain('sqs:SendMessage');
    expect(JSON.stringify(granted?.Resource)).toContain('Fn::ImportValue');
  });

  it('lets a role of the same stack send', () => {
    const stack = makeStack();
    const role = new Role(stack, 'Publisher', { assumedBy: new ServicePrincipal('states.amazonaws.com') });

    stack.postroom.grantPublish(role);

    const granted = statements(Template.fromStack(stack), 'AWS::IAM::Policy', 'Publisher');
    expect(granted.flatMap(actions)).toEqual(['sqs:SendMessage', 'sqs:GetQueueUrl', 'sqs:GetQueueAttributes']);
  });

  it('lets a rule of another stack, which has the queue as its target, send', () => {
    const { stack, postroom, other } = makeNeighbours();
    const rule = new Rule(other, 'Ordered', { eventPattern, targets: [new SqsQueue(postroom.intakeQueue)] });

    postroom.grantPublish(rule);

    expect(allowed(stack)).toMatchObject([
      { Action: 'sqs:SendMessage', Principal: { Service: 'events.amazonaws.com' }, Condition: { ArnLike: {} } },
    ]);
    expect(JSON.stringify(allowed(stack))).toMatch(/:rule\/shop-Ordered[0-9A-F]{8}-\*"/);
    Template.fromStack(other).hasResourceProperties('AWS::Events::Rule', { EventPattern: eventPattern });
  });

  it.each([
    ['a name of its own', { ruleName: 'ordered' }, ':rule/ordered"'],
    ['a bus of its own', { ruleName: 'ordered', bus: true }, ':rule/*/ordered"'],
  ])('knows a rule of another stack with %s', (_case, { ruleName, bus }: { ruleName: string; bus?: boolean }, arn) => {
    const { stack, postroom, other } = makeNeighbours();
    const eventBus = bus ? { eventBus: new EventBus(other, 'Bus') } : {};
    const targets = [new SqsQueue(postroom.intakeQueue)];

    postroom.grantPublish(new Rule(other, 'Ordered', { ruleName, eventPattern, targets, ...eventBus }));

    expect(JSON.stringify(allowed(stack))).toContain(arn);
  });

  it('refuses a rule whose generated name CloudFormation would shorten', () => {
    const { postroom, other } = makeNeighbours();
    const rule = new Rule(other, 'RuleWithANameThatLeavesNoRoomForTheRandomPart', { eventPattern });

    expect(() => postroom.grantPublish(rule)).toThrow(/give shop\/RuleWith.* a name/);
  });

  it('lets a topic of another stack, to which the queue subscribes, send', () => {
    const { stack, postroom, other } = makeNeighbours();
    const topic = new Topic(other, 'Receipts');
    topic.addSubscription(new SqsSubscription(postroom.intakeQueue, { rawMessageDelivery: true }));

    postroom.grantPublish(topic);

    expect(allowed(stack)).toMatchObject([{ Action: 'sqs:SendMessage', Principal: { Service: 'sns.amazonaws.com' } }]);
    expect(JSON.stringify(allowed(stack))).toMatch(/:shop-Receipts[0-9A-F]{8}-\*"/);
  });

  it('refers to a rule and a topic of the same stack exactly', () => {
    const stack = makeStack();
    const rule = new Rule(stack, 'Ordered', { eventPattern, targets: [new SqsQueue(stack.postroom.intakeQueue)] });

    stack.postroom.grantPublish(rule);
    stack.postroom.grantPublish(new Topic(stack, 'Receipts'));

    const sources = allowed(stack).map(({ Condition }) => Condition);
    expect(sources).toMatchObject([
      { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [expect.stringContaining('Ordered'), 'Arn'] } } },
      { ArnEquals: { 'aws:SourceArn': { Ref: expect.stringContaining('Receipts') } } },
    ]);
  });
});

describe('configured publishers', () => {
  it('are the accounts and the organisation, on this queue only', () => {
    const template = synthesise({ publishers: { accounts: ['123456789012'], organizationId: 'o-a1b2c3d4e5' } });

    const granted = statements(template, 'AWS::SQS::QueuePolicy', 'Intake').filter(({ Effect }) => Effect === 'Allow');

    expect(granted.map(({ Sid }) => Sid)).toEqual(['ConfiguredAccounts', 'ConfiguredOrganization']);
    expect(JSON.stringify(granted[0]?.Principal)).toContain(':iam::123456789012:root');
    expect(granted[1]?.Condition).toEqual({ StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } });
    expect(granted.flatMap(actions).every((action) => /^sqs:(SendMessage|GetQueue)/.test(action))).toBe(true);
    expect(granted.every(({ Resource }) => Resource !== '*')).toBe(true);
  });
});
