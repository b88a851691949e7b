import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { only, statements, synthesise } from './synth.ts';

const days14 = 14 * 86_400;

describe('queues', () => {
  const template = synthesise({ sender: { timeoutSeconds: 200 } });
  const intake = only(template, 'AWS::SQS::Queue', 'Intake');
  const deadLetters = only(template, 'AWS::SQS::Queue', 'DeadLetters');

  it.each([
    ['intake', intake],
    ['dead letters', deadLetters],
  ])('%s: encrypted by SQS, kept 14 days', (_name, { properties }) => {
    expect(properties.SqsManagedSseEnabled).toBe(true);
    expect(properties.MessageRetentionPeriod).toBe(days14);
  });

  it.each(['Intake', 'DeadLetters'])('%s: refuses every call without TLS', (name) => {
    const denied = statements(template, 'AWS::SQS::QueuePolicy', name).find(({ Effect }) => Effect === 'Deny');

    expect(denied).toMatchObject({
      Action: 'sqs:*',
      Principal: { AWS: '*' },
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  });

  it('hides a message for six function timeouts', () => {
    expect(intake.properties.VisibilityTimeout).toBe(1200);
  });

  it('redrives by itself only after the most receives that SQS counts', () => {
    expect(intake.properties.RedrivePolicy).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': [deadLetters.id, 'Arn'] },
      maxReceiveCount: 1000,
    });
  });

  it('lets only the intake queue use the dead-letter queue', () => {
    const { redrivePermission, sourceQueueArns } = deadLetters.properties.RedriveAllowPolicy;

    expect(redrivePermission).toBe('byQueue');
    expect(JSON.stringify(sourceQueueArns)).toContain(`:${intake.properties.QueueName}"`);
    expect(sourceQueueArns).toHaveLength(1);
  });
});

describe('tables', () => {
  const template = synthesise();

  it('keeps the ledger on demand, with expiry and point-in-time recovery', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });

  it('keeps one item per relay in the health table', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: [{ AttributeName: 'relay', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
  });
});

describe('relay secrets', () => {
  const template = synthesise({ relays: { primary: {}, fallback: { secretName: 'mail/existing' } } });

  it('creates a secret without a value', () => {
    template.hasResourceProperties('AWS::SecretsManager::Secret', {
      Name: 'postroom/test/primary',
      SecretString: Match.absent(),
      GenerateSecretString: Match.absent(),
    });
  });

  it('creates nothing for a relay whose secret exists', () => {
    template.resourceCountIs('AWS::SecretsManager::Secret', 1);
    expect(JSON.stringify(template.toJSON()['Outputs'].RelaySecretArns)).toContain(':secret:mail/existing');
  });
});

describe('protectData', () => {
  const stateful = ['AWS::SQS::Queue', 'AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret', 'AWS::Logs::LogGroup'];

  it.each([
    [true, 'Retain'],
    [false, 'Delete'],
  ])('%s: data that leaves the stack is kept or not (%s)', (protectData, policy) => {
    const template = synthesise({ protectData });

    for (const type of stateful) {
      const resources = Object.values(template.findResources(type));
      expect(resources.length).toBeGreaterThan(0);
      for (const resource of resources) {
        expect(resource).toMatchObject({ DeletionPolicy: policy, UpdateReplacePolicy: policy });
      }
    }
    template.allResourcesProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: protectData });
  });
});
