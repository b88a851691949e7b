import * as v from 'valibot';
import type { ResolvedResource } from '../template/resolve.ts';
import type { EventSourceMapping } from './event-source-mapping.ts';
import type { FunctionSpec } from './function-spec.ts';
import { rateMinutes, type Schedule } from './scheduler.ts';

const functionProperties = v.object({
  Handler: v.string(),
  Runtime: v.pipe(v.string(), v.startsWith('nodejs')),
  Code: v.object({ S3Key: v.string() }),
  Environment: v.optional(v.object({ Variables: v.record(v.string(), v.string()) }), { Variables: {} }),
  // Defaults of AWS::Lambda::Function.
  Timeout: v.optional(v.number(), 3),
  MemorySize: v.optional(v.number(), 128),
  ReservedConcurrentExecutions: v.optional(v.number()),
});

/** @param assets directory by S3 key, from the cloud assembly */
export function functionSpec(
  { name, identity, properties }: ResolvedResource,
  assets: ReadonlyMap<string, string>,
): FunctionSpec {
  const { Handler, Code, Environment, Timeout, MemorySize, ...others } = v.parse(functionProperties, properties);
  const taskRoot = assets.get(Code.S3Key);
  if (taskRoot === undefined) throw new Error(`the cloud assembly has no asset ${Code.S3Key}`);
  const reserved = others.ReservedConcurrentExecutions;
  return {
    name,
    arn: identity.attributes['Arn'] ?? name,
    handler: Handler,
    taskRoot,
    environment: Environment.Variables,
    timeoutMs: Timeout * 1000,
    memoryMb: MemorySize,
    ...(reserved !== undefined && { reservedConcurrency: reserved }),
  };
}

// Strict: a setting that the poller does not know, such as a filter, must not be ignored.
const mappingProperties = v.strictObject({
  EventSourceArn: v.string(),
  FunctionName: v.string(),
  // Defaults of AWS::Lambda::EventSourceMapping for queues; without ScalingConfig up to 1,000 run, 5 at first.
  Enabled: v.optional(v.boolean(), true),
  BatchSize: v.optional(v.number(), 10),
  MaximumBatchingWindowInSeconds: v.optional(v.number(), 0),
  ScalingConfig: v.optional(v.object({ MaximumConcurrency: v.number() }), { MaximumConcurrency: 5 }),
  FunctionResponseTypes: v.optional(v.array(v.literal('ReportBatchItemFailures')), []),
  Tags: v.optional(v.array(v.unknown())),
});

export function eventSourceMapping(
  { identity, properties }: ResolvedResource,
  queueUrls: ReadonlyMap<string, string>,
): EventSourceMapping {
  const given = v.parse(mappingProperties, properties);
  const queueUrl = queueUrls.get(given.EventSourceArn);
  if (queueUrl === undefined) throw new Error(`${given.EventSourceArn} is no queue of this stack`);
  return {
    uuid: identity.ref,
    queueUrl,
    queueArn: given.EventSourceArn,
    functionId: given.FunctionName,
    enabled: given.Enabled,
    batchSize: given.BatchSize,
    windowMs: given.MaximumBatchingWindowInSeconds * 1000,
    maximumConcurrency: given.ScalingConfig.MaximumConcurrency,
    reportBatchItemFailures: given.FunctionResponseTypes.length > 0,
  };
}

const target = v.object({ Arn: v.string(), Input: v.optional(v.pipe(v.string(), v.parseJson())) });
const state = v.optional(v.string(), 'ENABLED');
const scheduleProperties = v.object({ ScheduleExpression: v.string(), State: state, Target: target });
const ruleProperties = v.object({ ScheduleExpression: v.string(), State: state, Targets: v.array(target) });

/** @returns one schedule per target */
export function schedules({ type, identity, properties }: ResolvedResource): readonly Schedule[] {
  const rule = type === 'AWS::Events::Rule';
  const { ScheduleExpression, State, Targets } = rule
    ? v.parse(ruleProperties, properties)
    : withTargets(v.parse(scheduleProperties, properties));
  return Targets.map(({ Arn, Input }) => ({
    arn: identity.attributes['Arn'] ?? identity.ref,
    functionArn: Arn,
    enabled: State === 'ENABLED',
    minutes: rateMinutes(ScheduleExpression),
    ...(Input !== undefined && { input: Input }),
    source: rule ? 'aws.events' : 'aws.scheduler',
  }));
}

function withTargets({ Target, ...others }: v.InferOutput<typeof scheduleProperties>) {
  return { ...others, Targets: [Target] };
}
