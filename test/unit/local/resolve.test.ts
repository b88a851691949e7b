import { describe, expect, it } from 'vitest';
import { resolveTemplate } from '../../../local/template/resolve.ts';
import { type JsonObject, parseTemplate } from '../../../local/template/template.ts';

const account = { region: 'eu-west-1', accountId: '123456789012', sqsEndpoint: 'http://sqs' };

function resolve(Resources: JsonObject, others: JsonObject = {}) {
  return resolveTemplate(parseTemplate({ Resources, ...others }), 'postroom-test', account);
}

const queue = { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::Join': ['-', ['in', { Ref: 'Stage' }]] } } };
const stage = { Parameters: { Stage: { Type: 'String', Default: 'dev' } } };

describe('resolveTemplate', () => {
  it('names resources as the template says, and evaluates their properties', () => {
    const { resources } = resolve({ Queue: queue }, stage);
    expect(resources).toEqual([
      {
        logicalId: 'Queue',
        type: 'AWS::SQS::Queue',
        name: 'in-dev',
        properties: { QueueName: 'in-dev' },
        identity: {
          ref: 'http://sqs/123456789012/in-dev',
          attributes: {
            Arn: 'arn:aws:sqs:eu-west-1:123456789012:in-dev',
            QueueName: 'in-dev',
            QueueUrl: 'http://sqs/123456789012/in-dev',
          },
        },
      },
    ]);
  });

  it('names other resources after stack and logical id, within 64 characters', () => {
    const { resources } = resolve({ Table: { Type: 'AWS::DynamoDB::Table' }, ['L'.repeat(80)]: queue }, stage);
    expect(resources[0]).toMatchObject({ name: 'postroom-test-Table', identity: { ref: 'postroom-test-Table' } });
    const long = resolve({ [`${'L'.repeat(80)}F00D`]: { Type: 'AWS::Lambda::Function' } }).resources[0]?.name;
    expect(long).toMatch(/^L+F00D$/);
    expect(long).toHaveLength(64);
  });

  it('gives references to resources that exist by name only', () => {
    const role = { Type: 'AWS::IAM::Role' };
    const subject = { Type: 'AWS::Lambda::Function', Properties: { Role: { 'Fn::GetAtt': ['Role', 'Arn'] } } };
    const { resources } = resolve({ Role: role, Subject: subject });
    expect(resources.map(({ logicalId }) => logicalId)).toEqual(['Subject']);
    expect(resources[0]?.properties['Role']).toContain('postroom-test-Role');
  });

  it('evaluates outputs, and leaves out what a condition excludes', () => {
    const Conditions = {
      Dev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
      Prod: { 'Fn::Not': [{ Condition: 'Dev' }] },
    };
    const Outputs = {
      Url: { Value: { Ref: 'Queue' } },
      Place: { Value: { 'Fn::Sub': `\${AWS::Partition}.\${AWS::StackName}` }, Condition: 'Dev' },
      Absent: { Value: 'x', Condition: 'Prod' },
    };
    const stack = resolve({ Queue: queue, Other: { ...queue, Condition: 'Prod' } }, { ...stage, Conditions, Outputs });
    expect(stack.outputs).toEqual({ Url: 'http://sqs/123456789012/in-dev', Place: 'aws.postroom-test' });
    expect(stack.resources.map(({ logicalId }) => logicalId)).toEqual(['Queue']);
  });

  it.each<[string, JsonObject, string]>([
    ['type', { X: { Type: 'Custom::Thing' } }, 'Resource X: the type Custom::Thing is not supported in a local run'],
    ['name', { X: { Type: 'AWS::SNS::Topic', Properties: { A: { Ref: 'Y' } } } }, 'no resource or parameter Y'],
    [
      'attribute',
      { X: { Type: 'AWS::SNS::Topic', Properties: { A: { 'Fn::GetAtt': ['X', 'Colour'] } } } },
      'Resource X (AWS::SNS::Topic): Fn::GetAtt: X.Colour is not known in a local run',
    ],
  ])('names the resource with an unknown %s', (_, resources, message) => {
    expect(() => resolve(resources)).toThrow(message);
  });

  it('refuses a parameter whose value only AWS has', () => {
    const Parameters = { Image: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/path' } };
    const topic = { Type: 'AWS::SNS::Topic', Properties: { TopicName: { Ref: 'Image' } } };
    expect(() => resolve({ Topic: topic }, { Parameters })).toThrow('parameter Image');
    expect(() => resolve({ Queue: queue }, { Parameters: { ...Parameters, ...stage.Parameters } })).not.toThrow();
  });
});
