import { describe, expect, it } from 'vitest';
import { eventSourceMapping, functionSpec, schedules } from '../../../local/platform/function-resources.ts';
import { rateMinutes } from '../../../local/platform/scheduler.ts';
import type { ResolvedResource } from '../../../local/template/resolve.ts';
import type { JsonObject } from '../../../local/template/template.ts';

const resource = (type: string, properties: JsonObject): ResolvedResource => ({
  logicalId: 'X',
  type,
  name: 'x',
  identity: { ref: 'x', attributes: { Arn: 'arn:x' } },
  properties,
});

const code = { Handler: 'index.handler', Runtime: 'nodejs24.x', Code: { S3Key: 'k.zip' } };
const worker = (changes: JsonObject) => resource('AWS::Lambda::Function', { ...code, ...changes });
const assets = new Map([['k.zip', '/assets/k']]);

describe('a function', () => {
  it('takes its settings from the template', () => {
    const Environment = { Variables: { A: 'b' } };
    const spec = functionSpec(
      worker({ Environment, Timeout: 180, MemorySize: 512, ReservedConcurrentExecutions: 1 }),
      assets,
    );
    expect(spec).toEqual({
      name: 'x',
      arn: 'arn:x',
      handler: 'index.handler',
      taskRoot: '/assets/k',
      environment: { A: 'b' },
      timeoutMs: 180_000,
      memoryMb: 512,
      reservedConcurrency: 1,
    });
  });

  it('has the defaults of CloudFormation', () => {
    expect(functionSpec(worker({}), assets)).toMatchObject({ environment: {}, timeoutMs: 3_000, memoryMb: 128 });
  });

  it.each<[string, JsonObject, string]>([
    ['without its asset', { Code: { S3Key: 'other.zip' } }, 'no asset other.zip'],
    ['with code in the template', { Code: { ZipFile: '…' } }, 'S3Key'],
    ['in another language', { Runtime: 'python3.13' }, 'nodejs'],
  ])('%s is refused', (_, changes, message) => {
    expect(() => functionSpec(worker(changes), assets)).toThrow(message);
  });
});

describe('an event source mapping', () => {
  const read = (changes: JsonObject) =>
    eventSourceMapping(
      resource('AWS::Lambda::EventSourceMapping', { EventSourceArn: 'arn:q', FunctionName: 'f', ...changes }),
      new Map([['arn:q', 'http://q']]),
    );

  it('takes its settings from the template', () => {
    const mapping = read({
      Enabled: false,
      BatchSize: 5,
      MaximumBatchingWindowInSeconds: 2,
      ScalingConfig: { MaximumConcurrency: 20 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(mapping).toEqual({
      uuid: 'x',
      queueUrl: 'http://q',
      queueArn: 'arn:q',
      functionId: 'f',
      enabled: false,
      batchSize: 5,
      windowMs: 2_000,
      maximumConcurrency: 20,
      reportBatchItemFailures: true,
    });
  });

  it('has the defaults of CloudFormation', () => {
    expect(read({})).toMatchObject({ enabled: true, batchSize: 10, windowMs: 0, reportBatchItemFailures: false });
  });

  it.each<[string, JsonObject, string]>([
    ['setting', { FilterCriteria: { Filters: [] } }, 'FilterCriteria'],
    ['queue', { EventSourceArn: 'arn:other' }, 'arn:other is no queue of this stack'],
  ])('refuses a %s it does not know', (_, changes, message) => {
    expect(() => read(changes)).toThrow(message);
  });
});

describe('a schedule', () => {
  it('of EventBridge Scheduler', () => {
    const Target = { Arn: 'arn:f', Input: '{"a":1}', RoleArn: 'arn:r' };
    const given = resource('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 minute)', Target });
    expect(schedules(given)).toEqual([
      { arn: 'arn:x', functionArn: 'arn:f', enabled: true, minutes: 1, input: { a: 1 }, source: 'aws.scheduler' },
    ]);
  });

  it('of an EventBridge rule, disabled', () => {
    const properties = { ScheduleExpression: 'rate(2 hours)', State: 'DISABLED', Targets: [{ Arn: 'arn:f', Id: 'T' }] };
    expect(schedules(resource('AWS::Events::Rule', properties))).toEqual([
      { arn: 'arn:x', functionArn: 'arn:f', enabled: false, minutes: 120, source: 'aws.events' },
    ]);
  });

  it.each(['cron(0 8 * * ? *)', 'rate(0 minutes)', 'rate(1 week)'])('at %s is refused', (expression) => {
    expect(() => rateMinutes(expression)).toThrow(`the schedule ${expression} is not supported`);
  });
});
