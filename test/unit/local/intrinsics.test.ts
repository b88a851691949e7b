import { describe, expect, it } from 'vitest';
import { evaluate, noValue, type Scope } from '../../../local/template/intrinsics.ts';
import type { Json } from '../../../local/template/template.ts';

const names: Readonly<Record<string, Json | typeof noValue>> = {
  Queue: 'http://queue',
  'AWS::Region': 'us-east-1',
  'AWS::NoValue': noValue,
  Zones: ['a', 'b'],
};

const scope: Scope = {
  ref: (name) => {
    const value = names[name];
    if (value === undefined) throw new Error(`unknown ${name}`);
    return value;
  },
  attribute: (logicalId, attribute) => `${logicalId}/${attribute}`,
  condition: (name) => name === 'Yes',
  mapping: (...keys) => keys.join('-'),
};

const placeholder = (name: string) => `\${${name}}`;

describe('evaluate', () => {
  it.each<[string, Json, Json]>([
    ['plain values', { a: [1, true, null, 'x'] }, { a: [1, true, null, 'x'] }],
    ['Ref', { Ref: 'Queue' }, 'http://queue'],
    ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Queue/Arn'],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Secret.Endpoint.Port' }, 'Secret/Endpoint.Port'],
    ['Fn::Join', { 'Fn::Join': [':', ['a', { Ref: 'AWS::Region' }, 1]] }, 'a:us-east-1:1'],
    ['Fn::Split', { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Queue', 'Arn'] }] }, ['Queue', 'Arn']],
    ['Fn::Select', { 'Fn::Select': ['1', { Ref: 'Zones' }] }, 'b'],
    ['Fn::Sub', { 'Fn::Sub': `${placeholder('AWS::Region')}/${placeholder('Queue.Arn')}` }, 'us-east-1/Queue/Arn'],
    ['Fn::Sub, a literal', { 'Fn::Sub': placeholder('!Queue') }, placeholder('Queue')],
    ['Fn::Sub, own variables', { 'Fn::Sub': [placeholder('x'), { x: { Ref: 'Queue' } }] }, 'http://queue'],
    ['Fn::If', { 'Fn::If': ['Yes', { Ref: 'Queue' }, { 'Fn::Never': '' }] }, 'http://queue'],
    ['Fn::If otherwise', { 'Fn::If': ['No', 1, 2] }, 2],
    ['Fn::Equals', { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] }, true],
    ['Fn::And', { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] }, false],
    ['Fn::Or', { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] }, true],
    ['Fn::Not', { 'Fn::Not': [{ Condition: 'Yes' }] }, false],
    ['Fn::Base64', { 'Fn::Base64': 'abc' }, 'YWJj'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Map', { Ref: 'AWS::Region' }, 'ami'] }, 'Map-us-east-1-ami'],
    ['AWS::NoValue', { keep: [1, { Ref: 'AWS::NoValue' }], drop: { Ref: 'AWS::NoValue' } }, { keep: [1] }],
    ['an IAM condition', { Condition: { Bool: { x: 'y' } } }, { Condition: { Bool: { x: 'y' } } }],
  ])('%s', (_, value, expected) => {
    expect(evaluate(value, scope)).toEqual(expected);
  });

  it.each<[string, Json, string]>([
    ['an unsupported function', { 'Fn::ImportValue': 'x' }, 'Fn::ImportValue is not supported in a local run'],
    ['an unknown name', [{ Ref: 'Nobody' }], 'unknown Nobody'],
    ['an index outside of the list', { 'Fn::Select': [5, ['a']] }, 'outside of the list'],
    ['a list where text is needed', { 'Fn::Join': ['', [['a']]] }, 'Fn::Join: expected a string, found ["a"]'],
    ['no value where one is needed', { Ref: 'AWS::NoValue' }, 'AWS::NoValue stands where a value is needed'],
  ])('throws for %s', (_, value, message) => {
    expect(() => evaluate(value, scope)).toThrow(message);
  });
});
