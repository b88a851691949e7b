import { readFileSync } from 'node:fs';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { TicketQueue } from '../../docs/examples/ticket-queue.ts';
import { eventsEnvironment } from '../../lib/contracts/events-environment.ts';
import { readStageConfig } from '../../lib/contracts/stage-config.ts';
import { actions, appWithoutBundling, makeStack, only, statements, synthesise } from './synth.ts';

const on = { events: { busName: 'mail-outcomes' } };

describe('a stage without a bus', () => {
  it('has no stream, no function and no queue for events', () => {
    const template = synthesise();

    expect(JSON.stringify(template.toJSON())).not.toMatch(/StreamSpecification|PutEvents|events-failed/);
  });

  it('refuses subscriptions, and says what is missing', () => {
    const stack = makeStack();

    expect(() => stack.postroom.onOutcome(stack, 'Tickets', { target: new SqsQueue(new Queue(stack, 'Q')) })).toThrow(
      /events\.busName/,
    );
  });
});

describe('a stage with a bus', () => {
  const template = synthesise(on);
  const mapping = () => only(template, 'AWS::Lambda::EventSourceMapping', 'Events').properties;

  it('streams the ledger with old and new images', () => {
    const ledger = only(template, 'AWS::DynamoDB::Table', 'Ledger');

    expect(ledger.properties.StreamSpecification).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
    expect(mapping().EventSourceArn).toEqual({ 'Fn::GetAtt': [ledger.id, 'StreamArn'] });
  });

  it('repeats for 12 hours however often, isolates what fails, and keeps what it gives up', () => {
    const failures = only(template, 'AWS::SQS::Queue', 'EventsFailures');

    expect(mapping()).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: 43_200,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [failures.id, 'Arn'] } } },
    });
    expect(failures.properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 });
  });

  it('runs only for changes that may tell something', () => {
    const patterns = mapping().FilterCriteria.Filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern));

    expect(patterns).toEqual([
      { eventName: ['MODIFY'] },
      { eventName: ['INSERT'], dynamodb: { NewImage: { state: { S: ['waiting', 'settled'] } } } },
    ]);
  });

  it('has the environment that the handler reads', () => {
    const { Variables } = only(template, 'AWS::Lambda::Function', 'Events').properties.Environment;

    expect(Object.keys(Variables)).toEqual(expect.arrayContaining(Object.keys(eventsEnvironment.entries)));
    expect(Variables).toMatchObject({
      POSTROOM_STAGE: 'test',
      POSTROOM_EVENT_BUS: 'mail-outcomes',
      POSTROOM_EVENT_FAILURES_QUEUE_URL: { Ref: only(template, 'AWS::SQS::Queue', 'EventsFailures').id },
    });
  });

  it('may read the stream, put events on that bus and write to its failure queue, and nothing else', () => {
    const policy = statements(template, 'AWS::IAM::Policy', 'EventsRole');

    expect(policy.flatMap(actions).toSorted()).toEqual(
      [
        'dynamodb:DescribeStream',
        'dynamodb:GetRecords',
        'dynamodb:GetShardIterator',
        'dynamodb:ListStreams',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'events:PutEvents',
        'sqs:GetQueueAttributes',
        'sqs:GetQueueUrl',
        'sqs:SendMessage',
        'xray:PutTelemetryRecords',
        'xray:PutTraceSegments',
      ].toSorted(),
    );
    const open = policy.filter(({ Resource }) => [Resource].flat().includes('*'));
    // IAM knows no resource for these three.
    expect(open.flatMap(actions).toSorted()).toEqual([
      'dynamodb:ListStreams',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
    const put = policy.find((statement) => actions(statement).includes('events:PutEvents'));
    expect(JSON.stringify(put?.Resource)).toContain(':event-bus/mail-outcomes');
  });
});

describe('onOutcome', () => {
  it('makes a rule on the bus for this stage and these types, with the target allowed', () => {
    const stack = makeStack(on);
    const tickets = new Queue(stack, 'Tickets');
    stack.postroom.onOutcome(stack, 'FailedMail', { detailTypes: ['Email Failed'], target: new SqsQueue(tickets) });
    const template = Template.fromStack(stack);

    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: 'mail-outcomes',
      EventPattern: { source: ['postroom'], 'detail-type': ['Email Failed'], detail: { stage: ['test'] } },
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [only(template, 'AWS::SQS::Queue', 'Tickets').id, 'Arn'] } })],
    });
    expect(JSON.stringify(statements(template, 'AWS::SQS::QueuePolicy', 'Tickets'))).toContain('events.amazonaws.com');
  });

  it('takes every type when none is named', () => {
    const stack = makeStack(on);
    stack.postroom.onOutcome(stack, 'All', { target: new SqsQueue(new Queue(stack, 'Q')) });

    const { EventPattern } = only(Template.fromStack(stack), 'AWS::Events::Rule').properties;
    expect(EventPattern['detail-type']).toEqual([
      'Email Delivered',
      'Email Delayed',
      'Email Failed',
      'Email Uncertain',
    ]);
  });
});

describe('the stage config', () => {
  it('refuses an ARN where the name of a bus is asked for', () => {
    const busName = 'arn:aws:events:eu-central-1:123456789012:event-bus/mail';

    expect(() => readStageConfig({ relays: { primary: {} }, events: { busName } })).toThrow(/events\.busName/);
  });
});

describe('the example that turns failed mail into tickets', () => {
  it('makes a queue and a rule in a stack of its own, and the stage does not depend on it', () => {
    const app = appWithoutBundling();
    const stage = makeStack(on, app);
    const example = new TicketQueue(app, 'tickets', stage.postroom);
    const template = Template.fromStack(example);

    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: 'mail-outcomes',
      EventPattern: { 'detail-type': ['Email Failed', 'Email Uncertain'], detail: { stage: ['test'] } },
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [only(template, 'AWS::SQS::Queue').id, 'Arn'] } })],
    });
    expect(JSON.stringify(template.toJSON())).not.toContain('Fn::ImportValue');
    expect(stage.dependencies).toEqual([]);
  });

  it('is what the documentation shows', () => {
    const read = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
    const [, snippet = ''] = /```ts file=\S+\n([^`]+)```/.exec(read('events/README.md')) ?? [];
    const flat = (text: string) => text.replace(/\s+/g, ' ').trim();

    expect(flat(snippet)).not.toBe('');
    expect(flat(read('examples/ticket-queue.ts'))).toContain(flat(snippet));
  });
});
