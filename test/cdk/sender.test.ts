import { Match } from 'aws-cdk-lib/assertions';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { senderEnvironment } from '../../lib/contracts/sender-environment.ts';
import { actions, only, statements, synthesise } from './synth.ts';

const policyOf = (overrides: object = {}) => statements(synthesise(overrides), 'AWS::IAM::Policy', 'Sender');

describe('sender function', () => {
  it('runs on Node 24 and arm64 with the memory, time and tracing of the config', () => {
    synthesise({ sender: { memoryMb: 1024, timeoutSeconds: 300 } }).hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 1024,
      Timeout: 300,
      TracingConfig: { Mode: 'Active' },
      VpcConfig: Match.absent(),
    });
  });

  it('does not trace when nothing is to be sampled', () => {
    const template = synthesise({ tracing: { sampleRate: 0 } });

    template.hasResourceProperties('AWS::Lambda::Function', { TracingConfig: Match.absent() });
    expect(JSON.stringify(statements(template, 'AWS::IAM::Policy', 'Sender'))).not.toContain('xray');
  });

  it('writes to a log group of its own that forgets', () => {
    const template = synthesise({ logRetentionDays: 90 });
    const { id, properties } = only(template, 'AWS::Logs::LogGroup', 'Sender');

    expect(properties.RetentionInDays).toBe(90);
    template.hasResourceProperties('AWS::Lambda::Function', { LoggingConfig: { LogGroup: { Ref: id } } });
  });

  it('is fed by the intake queue, item by item', () => {
    const template = synthesise({ sender: { batchSize: 7, maxConcurrency: 12 } });

    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [only(template, 'AWS::SQS::Queue', 'Intake').id, 'Arn'] },
      BatchSize: 7,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 12 },
    });
  });
});

describe('environment', () => {
  it('is what the handler reads', () => {
    const overrides = {
      relays: { primary: { weight: 2, fromDomains: ['Example.COM'] }, other: { secretName: 'mail/other', tier: 3 } },
      allowedFromDomains: ['EXAMPLE.com'],
    };
    const variables = only(synthesise(overrides), 'AWS::Lambda::Function', 'Sender').properties.Environment.Variables;
    const deployed = {
      ...variables,
      POSTROOM_INTAKE_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/postroom-test-intake',
      POSTROOM_DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/postroom-test-dead-letters',
      POSTROOM_LEDGER_TABLE: 'ledger',
      POSTROOM_RELAY_HEALTH_TABLE: 'health',
    };

    const environment = v.parse(senderEnvironment, deployed);

    expect(environment.POSTROOM_STAGE).toBe('test');
    expect(environment.POSTROOM_SETTINGS).toMatchObject({
      relays: {
        primary: { secretId: 'postroom/test/primary', weight: 2, maxSessions: 2, fromDomains: ['example.com'] },
        other: { secretId: 'mail/other', weight: 1, tier: 3 },
      },
      allowedFromDomains: ['example.com'],
      maxMessageBytes: 26_214_400,
      smtp: { finalReplySeconds: 120 },
      retry: { maxAgeSeconds: 432_000 },
    });
    expect(variables.NODE_OPTIONS).toBe('--enable-source-maps');
  });

  it('that would not fit into Lambda is refused, and the long part is named', () => {
    const allowedFromDomains = Array.from({ length: 200 }, (_, index) => `department-${index}.example.com`);

    expect(() => synthesise({ allowedFromDomains })).toThrow(
      /allowed: 4096 .*Shorten.*allowedFromDomains \(\d+ bytes\)/s,
    );
  });
});

describe('permissions', () => {
  it('name every resource that can be named', () => {
    const open = policyOf({ attachmentBuckets: ['reports'] }).filter(({ Resource }) => [Resource].flat().includes('*'));

    expect(open.flatMap(actions)).toEqual(['xray:PutTraceSegments', 'xray:PutTelemetryRecords']);
  });

  it('have no wildcard action and no managed policy', () => {
    const template = synthesise({ attachmentBuckets: ['reports'] });

    expect(statements(template, 'AWS::IAM::Policy', 'Sender').flatMap(actions).join()).not.toContain('*');
    template.hasResourceProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
  });

  it('of the ledger: one item at a time', () => {
    const template = synthesise();
    const arn = { 'Fn::GetAtt': [only(template, 'AWS::DynamoDB::Table', 'Ledger').id, 'Arn'] };
    const granted = statements(template, 'AWS::IAM::Policy', 'Sender').filter(
      ({ Resource }) => JSON.stringify(Resource) === JSON.stringify(arn),
    );

    expect(granted.flatMap(actions)).toEqual(['dynamodb:GetItem', 'dynamodb:PutItem']);
  });

  it('of secrets: read those of the relays', () => {
    const granted = policyOf({ relays: { primary: {}, other: { secretName: 'mail/other' } } }).find((statement) =>
      actions(statement).includes('secretsmanager:GetSecretValue'),
    );

    expect(actions(granted ?? expect.fail('no grant'))).toEqual([
      'secretsmanager:GetSecretValue',
      'secretsmanager:DescribeSecret',
    ]);
    expect(JSON.stringify(granted?.Resource)).toMatch(/Ref.*primary.*:secret:mail\/other-\?{6}/);
  });

  it('of S3: only when buckets are listed, and only those', () => {
    const reads = (overrides: object) =>
      policyOf(overrides).filter((statement) => /s3:/.test(actions(statement).join()));

    expect(reads({})).toEqual([]);
    const [objects, bucket] = reads({ attachmentBuckets: ['reports'] });
    expect(JSON.stringify(objects?.Resource)).toContain(':s3:::reports/*');
    expect(JSON.stringify(bucket?.Resource)).toContain(':s3:::reports"');
  });
});

describe('network', () => {
  const network = {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['eu-central-1a', 'eu-central-1b'],
    privateSubnetIds: ['subnet-0000000a', 'subnet-0000000b'],
  };

  it('puts the function into the given subnets and security groups', () => {
    const template = synthesise({
      network: { ...network, securityGroupIds: ['sg-0000000000000000a', 'sg-0000000000000000b'] },
    });

    template.hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: {
        SubnetIds: ['subnet-0000000a', 'subnet-0000000b'],
        SecurityGroupIds: ['sg-0000000000000000a', 'sg-0000000000000000b'],
      },
    });
    template.resourceCountIs('AWS::EC2::SecurityGroup', 0);
  });

  it('makes a security group that admits nothing when none is given', () => {
    const template = synthesise({ network });

    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      VpcId: 'vpc-0123456789abcdef0',
      SecurityGroupIngress: Match.absent(),
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: { SecurityGroupIds: [{ 'Fn::GetAtt': [only(template, 'AWS::EC2::SecurityGroup').id, 'GroupId'] }] },
    });
  });

  it('adds only the network interface calls to what cannot be named', () => {
    const open = policyOf({ network, tracing: { sampleRate: 0 } }).filter(({ Resource }) => Resource === '*');

    expect(open.flatMap(actions).every((action) => action.startsWith('ec2:'))).toBe(true);
    expect(open.flatMap(actions)).toContain('ec2:CreateNetworkInterface');
  });
});
