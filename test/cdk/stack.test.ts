import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { makeStack, only, synthesise } from './synth.ts';

describe('stack', () => {
  it('is named after its stage, described, and guarded when its data is', () => {
    const stack = makeStack({ protectData: true });

    expect(stack.stackName).toBe('postroom-test');
    expect(stack.terminationProtection).toBe(true);
    expect(Template.fromStack(stack).toJSON()['Description']).toContain('Postroom');
  });

  it('has the outputs of the contract', () => {
    const template = synthesise();
    const outputs: Record<string, { Value: unknown }> = template.toJSON()['Outputs'];
    const intake = only(template, 'AWS::SQS::Queue', 'Intake').id;

    expect(Object.keys(outputs).sort()).toEqual([
      'AlarmTopicArn',
      'AuditSettings',
      'DashboardName',
      'DeadLetterQueueArn',
      'DeadLetterQueueUrl',
      'IntakeQueueArn',
      'IntakeQueueUrl',
      'LedgerTableName',
      'ProbeFunctionName',
      'RelayHealthTableName',
      'RelaySecretArns',
      'SenderFunctionName',
    ]);
    expect(outputs['IntakeQueueUrl']?.Value).toEqual({ Ref: intake });
    expect(JSON.stringify(outputs['RelaySecretArns']?.Value)).toMatch(/\\"primary\\".*Ref.*\\"fallback\\".*Ref/);
  });

  it.each([
    ['/postroom/test/intake-queue-url', 'Ref'],
    ['/postroom/test/intake-queue-arn', 'Fn::GetAtt'],
  ])('tells publishers about the intake queue in %s', (Name, reference) => {
    const template = synthesise();
    const [parameter] = Object.values(template.findResources('AWS::SSM::Parameter', { Properties: { Name } }));

    expect(JSON.stringify(parameter?.['Properties'].Value)).toContain(reference);
    expect(JSON.stringify(parameter?.['Properties'].Value)).toContain(only(template, 'AWS::SQS::Queue', 'Intake').id);
  });

  it('tags what it makes', () => {
    for (const type of ['AWS::SQS::Queue', 'AWS::DynamoDB::Table', 'AWS::Lambda::Function']) {
      for (const resource of Object.values(synthesise().findResources(type))) {
        expect(resource['Properties'].Tags).toContainEqual({ Key: 'stage', Value: 'test' });
      }
    }
  });

  it('needs no custom resource', () => {
    const types = Object.values(synthesise().toJSON()['Resources']).map((resource) => Object(resource).Type);

    expect(types.filter((type) => /^Custom::|CustomResource/.test(type))).toEqual([]);
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(3);
  });
});
