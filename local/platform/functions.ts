import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { busRule } from '../events-bus/rule.ts';
import type { ResolvedResource, ResolvedStack } from '../template/resolve.ts';
import type { AwsClients } from './aws-clients.ts';
import type { Emulators } from './emulators.ts';
import type { EventSourceMapping } from './event-source-mapping.ts';
import { startEventSourcePoller } from './event-source-poller.ts';
import { createFunctionHost, type FunctionHost } from './function-host.ts';
import { eventSourceMapping, functionSpec, schedules } from './function-resources.ts';
import type { FunctionLogLine } from './function-spec.ts';
import type { FinishedInvocation, InvocationResult } from './invocation.ts';
import { startOrphanGuard } from './orphan-guard.ts';
import { type Schedule, startScheduler } from './scheduler.ts';
import { type StreamMapping, streamMapping } from './stream-mapping.ts';
import { startStreamPoller } from './stream-poller.ts';

export interface FunctionsOptions {
  readonly assets: ReadonlyMap<string, string>;
  readonly emulators: Emulators;
  readonly clients: AwsClients;
  /** How long an unused function process is kept, in milliseconds. Lambda keeps them for minutes. */
  readonly idleReapMs?: number;
  /** Length of one minute of a schedule, in milliseconds. Tests shorten it. */
  readonly minuteMs?: number;
  /** How many times as fast as in AWS schedules go, and the functions they call run out of time; 1 unless told otherwise. */
  readonly timeScale?: number;
  onLog?(line: FunctionLogLine): void;
  /** An invocation of any function is over. */
  onInvocation?(invocation: FinishedInvocation): void;
  /** Something failed that the platform lives with: an invocation, a poll. */
  onProblem?(message: string): void;
}

/** All functions of a stack, and what invokes them. */
export interface Functions {
  readonly hosts: readonly FunctionHost[];
  close(): Promise<void>;
}

// Enough for a mail whose relay is slow; whoever waits at the terminal has pressed Ctrl-C.
const graceMs = 5_000;

/** @throws Error that names the resource that cannot be run here */
export function startFunctions(stack: ResolvedStack, options: FunctionsOptions): Functions {
  const queueUrls = new Map(
    each(stack, 'AWS::SQS::Queue', ({ identity }) => [identity.attributes['Arn'] ?? '', identity.ref] as const),
  );
  const tables = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'].flatMap((type) => each(stack, type, (t) => t));
  const sources = each(
    stack,
    'AWS::Lambda::EventSourceMapping',
    (mapping) => streamMapping(mapping, tables, queueUrls) ?? eventSourceMapping(mapping, queueUrls),
  );
  const mappings = sources.filter((source) => 'queueUrl' in source);
  const streams = sources.filter((source) => 'streamArn' in source);
  const plans = ['AWS::Scheduler::Schedule', 'AWS::Events::Rule'].flatMap((type) =>
    each(stack, type, (resource) =>
      resource.properties['EventPattern'] === undefined ? schedules(resource) : [],
    ).flat(),
  );

  const { onLog = () => {}, onInvocation = () => {}, idleReapMs = 300_000, timeScale = 1, emulators } = options;
  const scheduled = new Set(plans.map(({ functionArn }) => functionArn));
  const specs = each(stack, 'AWS::Lambda::Function', (resource) => {
    const spec = functionSpec(resource, options.assets);
    return scheduled.has(spec.arn) ? { ...spec, timeoutMs: spec.timeoutMs / timeScale } : spec;
  });
  const orphanGuard = startOrphanGuard();
  const hostOptions = { endpoints: emulators.endpoints, orphanGuard, onLog, onInvocation, idleReapMs };
  const hosts = specs.map((spec) => createFunctionHost(spec, hostOptions));
  const send = (QueueUrl: string, MessageBody: string) =>
    options.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  for (const rule of each(stack, 'AWS::Events::Rule', (resource) => busRule(resource, queueUrls))) {
    if (rule !== undefined) emulators.buses.addRule(rule, send);
  }
  const stopTriggers = startTriggers({ mappings, streams, plans }, hosts, send, options);
  return {
    hosts,
    close: async () => {
      await stopTriggers();
      await Promise.all(hosts.map((host) => host.close()));
      await orphanGuard.close();
    },
  };
}

interface Triggers {
  readonly mappings: readonly EventSourceMapping[];
  readonly streams: readonly StreamMapping[];
  readonly plans: readonly Schedule[];
}

function startTriggers(
  { mappings, streams, plans }: Triggers,
  hosts: readonly FunctionHost[],
  discard: (queueUrl: string, body: string) => Promise<unknown>,
  { clients, emulators, timeScale = 1, minuteMs = 60_000 / timeScale, onProblem = () => {} }: FunctionsOptions,
): () => Promise<void> {
  const { region } = emulators.endpoints;
  const invoke = async (functionId: string, event: unknown): Promise<InvocationResult> =>
    hosts.find(({ name, arn }) => functionId === name || functionId === arn)?.invoke(event) ?? {
      ok: false,
      kind: 'error',
      message: `Function not found: ${functionId}`,
    };
  const pollers = mappings.map((mapping) => {
    const invokeTarget = (event: unknown) => invoke(mapping.functionId, event);
    return startEventSourcePoller(mapping, { sqs: clients.sqs, region, onProblem, invoke: invokeTarget });
  });
  for (const poller of pollers) emulators.mappings.set(poller.mapping.uuid, poller);
  const { changes } = emulators;
  const streamPollers = streams.map((mapping) => {
    const invokeTarget = (event: unknown) => invoke(mapping.functionId, event);
    return startStreamPoller(mapping, { changes, region, onProblem, invoke: invokeTarget, discard });
  });
  const { accountId } = emulators;
  const stopScheduler = startScheduler(plans, { region, accountId, minuteMs, onProblem, invoke });
  return async () => {
    stopScheduler();
    await Promise.all([...pollers.map((poller) => poller.stop(graceMs)), ...streamPollers.map((one) => one.stop())]);
  };
}

function each<T>(stack: ResolvedStack, type: string, read: (resource: ResolvedResource) => T): T[] {
  return stack.resources
    .filter((resource) => resource.type === type)
    .map((resource) => {
      try {
        return read(resource);
      } catch (error) {
        throw new Error(`Resource ${resource.logicalId} (${type}): ${String(error)}`, { cause: error });
      }
    });
}
