import type { ResolvedResource, ResolvedStack } from '../template/resolve.ts';
import type { AwsClients } from './aws-clients.ts';
import type { Emulators } from './emulators.ts';
import { startEventSourcePoller } from './event-source-poller.ts';
import { createFunctionHost, type FunctionHost } from './function-host.ts';
import { eventSourceMapping, functionSpec, schedules } from './function-resources.ts';
import type { FunctionLogLine } from './function-spec.ts';
import type { InvocationResult } from './invocation.ts';
import { startOrphanGuard } from './orphan-guard.ts';
import { startScheduler } from './scheduler.ts';

export interface FunctionsOptions {
  readonly assets: ReadonlyMap<string, string>;
  readonly emulators: Emulators;
  readonly clients: AwsClients;
  readonly idleReapMs?: number;
  readonly minuteMs?: number;
  onLog?(line: FunctionLogLine): void;
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
  const { emulators, onProblem = () => {}, onLog = () => {} } = options;
  const { endpoints, accountId } = emulators;
  const { region } = endpoints;
  const specs = each(stack, 'AWS::Lambda::Function', (resource) => functionSpec(resource, options.assets));
  const queueUrls = new Map(
    each(stack, 'AWS::SQS::Queue', ({ identity }) => [identity.attributes['Arn'] ?? '', identity.ref] as const),
  );
  const mappings = each(stack, 'AWS::Lambda::EventSourceMapping', (mapping) => eventSourceMapping(mapping, queueUrls));
  const plans = ['AWS::Scheduler::Schedule', 'AWS::Events::Rule'].flatMap((type) =>
    each(stack, type, schedules).flat(),
  );

  const orphanGuard = startOrphanGuard();
  const hostOptions = { endpoints, orphanGuard, onLog, idleReapMs: options.idleReapMs ?? 300_000 };
  const hosts = specs.map((spec) => createFunctionHost(spec, hostOptions));
  const invoke = (functionId: string, event: unknown): Promise<InvocationResult> | InvocationResult =>
    hosts.find(({ name, arn }) => functionId === name || functionId === arn)?.invoke(event) ?? {
      ok: false,
      kind: 'error',
      message: `Function not found: ${functionId}`,
    };
  const pollers = mappings.map((mapping) =>
    startEventSourcePoller(mapping, {
      sqs: options.clients.sqs,
      region,
      onProblem,
      invoke: async (event) => invoke(mapping.functionArn, event),
    }),
  );
  const stopScheduler = startScheduler(plans, {
    region,
    accountId,
    minuteMs: options.minuteMs ?? 60_000,
    onProblem,
    invoke: async (functionArn, event) => invoke(functionArn, event),
  });
  return {
    hosts,
    close: async () => {
      stopScheduler();
      await Promise.all(pollers.map((poller) => poller.stop(graceMs)));
      await Promise.all(hosts.map((host) => host.close()));
      await orphanGuard.close();
    },
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
