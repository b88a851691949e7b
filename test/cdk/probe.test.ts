import { Match } from 'aws-cdk-lib/assertions';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { probeEnvironment } from '../../lib/contracts/probe-environment.ts';
import { actions, only, statements, synthesise } from './synth.ts';

let template: ReturnType<typeof synthesise>;
beforeAll(() => {
  template = synthesise({ relays: { primary: { allowPlaintext: true }, other: { secretName: 'mail/other' } } });
}, 120_000);

const probeFunction = () => only(template, 'AWS::Lambda::Function', 'Probe');

describe('probe function', () => {
  it('runs on Node 24 and arm64, and is over before the next run', () => {
    expect(probeFunction().properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: 59,
      TracingConfig: { Mode: 'Active' },
    });
  });

  it('is run every minute, and no run is repeated by the schedule or by Lambda', () => {
    const { id } = probeFunction();

    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: { 'Fn::GetAtt': [id, 'Arn'] },
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: id },
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });

  it('takes no share of the account’s concurrency away from others', () => {
    template.allResourcesProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: Match.absent() });
  });

  it('has the environment that the handler reads', () => {
    const { Variables } = probeFunction().properties.Environment;
    const mapping = only(template, 'AWS::Lambda::EventSourceMapping').id;

    expect(Variables.POSTROOM_EVENT_SOURCE_MAPPING).toEqual({ Ref: mapping });
    const deployed = { ...Variables, POSTROOM_RELAY_HEALTH_TABLE: 'health', POSTROOM_EVENT_SOURCE_MAPPING: 'uuid' };
    expect(v.parse(probeEnvironment, deployed).POSTROOM_SETTINGS).toMatchObject({
      relays: {
        primary: { secretId: 'postroom/test/primary', allowPlaintext: true },
        other: { secretId: 'mail/other', allowPlaintext: false },
      },
      probe: { intervalSeconds: 15, degradedMs: 200 },
      breaker: { coolDownSeconds: 60 },
    });
  });

  it('runs where the sender runs', () => {
    const network = {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['eu-central-1a'],
      privateSubnetIds: ['subnet-0000000a'],
    };
    const placed = synthesise({ network });

    const [sender, probe] = ['Sender', 'Probe'].map(
      (part) => only(placed, 'AWS::Lambda::Function', part).properties.VpcConfig,
    );
    expect(probe.SubnetIds).toEqual(['subnet-0000000a']);
    expect(probe).toEqual(sender);
  });
});

describe('permissions of the probe function', () => {
  const policy = () => statements(template, 'AWS::IAM::Policy', 'ProbeRole');
  const granting = (action: string) => policy().filter((statement) => actions(statement).includes(action));

  it('switch the one event source mapping and no other', () => {
    const mapping = only(template, 'AWS::Lambda::EventSourceMapping').id;
    const [granted, ...others] = policy().filter((statement) => actions(statement).join().includes('lambda:'));

    expect(others).toEqual([]);
    expect(actions(granted ?? expect.fail('no grant'))).toEqual([
      'lambda:GetEventSourceMapping',
      'lambda:UpdateEventSourceMapping',
    ]);
    expect(JSON.stringify(granted?.Resource)).toContain(':event-source-mapping:');
    expect(JSON.stringify(granted?.Resource)).toContain(`{"Ref":"${mapping}"}`);
  });

  it('read and write relay health, and nothing of the ledger or the queues', () => {
    const health = only(template, 'AWS::DynamoDB::Table', 'RelayHealth').id;
    const [granted, ...others] = granting('dynamodb:PutItem');

    expect(others).toEqual([]);
    expect(granted?.Resource).toEqual({ 'Fn::GetAtt': [health, 'Arn'] });
    expect(policy().flatMap(actions).join()).not.toMatch(/sqs|s3|Delete|Scan|\*/);
  });

  it('read the secrets of the relays', () => {
    const [granted] = granting('secretsmanager:GetSecretValue');

    expect(JSON.stringify(granted?.Resource)).toMatch(/Ref.*primary.*:secret:mail\/other-\?{6}/);
  });

  it('name every resource but that of traces', () => {
    const open = policy().filter(({ Resource }) => [Resource].flat().includes('*'));

    expect(open.flatMap(actions)).toEqual(['xray:PutTraceSegments', 'xray:PutTelemetryRecords']);
  });
});
