import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { auditEnvironment, auditSettings } from '../../lib/contracts/audit-environment.ts';
import { actions, only, statements, synthesise } from './synth.ts';

const template = synthesise({ retry: { maxAgeSeconds: 86_400 } });

describe('the ledger’s index of unfinished mail', () => {
  it('holds keys only, by shard and due date', () => {
    const { AttributeDefinitions, GlobalSecondaryIndexes } = only(
      template,
      'AWS::DynamoDB::Table',
      'Ledger',
    ).properties;

    expect(GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'unfinished',
        KeySchema: [
          { AttributeName: 'openShard', KeyType: 'HASH' },
          { AttributeName: 'dueAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
    expect(AttributeDefinitions).toContainEqual({ AttributeName: 'dueAt', AttributeType: 'N' });
  });
});

describe('the audit function', () => {
  it('runs every quarter of an hour, and no run is repeated', () => {
    const { id } = only(template, 'AWS::Lambda::Function', 'Audit');

    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(15 minutes)',
      Target: { Arn: { 'Fn::GetAtt': [id, 'Arn'] }, RetryPolicy: { MaximumRetryAttempts: 0 } },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: id },
      MaximumRetryAttempts: 0,
    });
  });

  it('has the environment that the handler reads, and people have the same settings', () => {
    const { Variables } = only(template, 'AWS::Lambda::Function', 'Audit').properties.Environment;
    const deployed = {
      ...Variables,
      POSTROOM_LEDGER_TABLE: 'ledger',
      POSTROOM_RELAY_HEALTH_TABLE: 'health',
      POSTROOM_INTAKE_QUEUE_URL: 'https://sqs.example/intake',
    };
    const { POSTROOM_SETTINGS: settings } = v.parse(auditEnvironment, deployed);

    expect(settings).toEqual({ marginSeconds: 6 * 180 + 1800, maxAgeSeconds: 86_400 });
    const output: string = template.toJSON()['Outputs'].AuditSettings.Value;
    expect(v.parse(auditSettings, JSON.parse(output))).toEqual(settings);
  });

  it('may read and may not change anything', () => {
    const policy = statements(template, 'AWS::IAM::Policy', 'AuditRole');

    expect(policy.flatMap(actions).filter((action) => !/^(logs|xray):/.test(action))).toEqual([
      'dynamodb:Query',
      'dynamodb:Scan',
      'dynamodb:DescribeTable',
      'dynamodb:GetItem',
      'sqs:GetQueueAttributes',
    ]);
    const query = policy.find((statement) => actions(statement).includes('dynamodb:Query'));
    expect(JSON.stringify(query?.Resource)).toContain('/index/unfinished');
    const scan = policy.find((statement) => actions(statement).includes('dynamodb:Scan'));
    const { id } = only(template, 'AWS::DynamoDB::Table', 'Ledger');
    expect(scan?.Resource).toEqual({ 'Fn::GetAtt': [id, 'Arn'] });
  });

  it('can be left out', () => {
    const without = synthesise({ audit: { enabled: false } });

    expect(JSON.stringify(without.findResources('AWS::Lambda::Function'))).not.toContain('forgotten');
    expect(without.toJSON()['Outputs'].AuditSettings).toBeDefined();
  });
});
