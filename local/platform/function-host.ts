import { randomBytes, randomUUID } from 'node:crypto';
import type { Endpoints } from './emulators.ts';
import { type ExecutionEnvironment, startExecutionEnvironment } from './execution-environment.ts';
import { functionEnvironment } from './function-environment.ts';
import type { FunctionLogLine, FunctionSpec } from './function-spec.ts';
import type { InvocationResult } from './invocation.ts';
import type { OrphanGuard } from './orphan-guard.ts';

export interface FunctionHostOptions {
  readonly endpoints: Endpoints;
  readonly orphanGuard: OrphanGuard;
  /** How long an unused process is kept, in milliseconds. */
  readonly idleReapMs: number;
  onLog(line: FunctionLogLine): void;
}

/** One function and its processes: as many as there are invocations at the same time. */
export interface FunctionHost {
  readonly name: string;
  readonly arn: string;
  /** Never rejects. */
  invoke(event: unknown): Promise<InvocationResult>;
  /** Of the living processes, frozen ones too. */
  pids(): readonly number[];
  /** Ends all processes; invocations in flight fail. */
  close(): Promise<void>;
}

export function createFunctionHost(spec: FunctionSpec, options: FunctionHostOptions): FunctionHost {
  const environments = new Set<ExecutionEnvironment>();
  const idle = new Map<ExecutionEnvironment, NodeJS.Timeout>();
  const running = new Set<Promise<InvocationResult>>();
  let closing = false;

  const start = async (): Promise<ExecutionEnvironment> => {
    const environment: ExecutionEnvironment = await startExecutionEnvironment({
      timeoutMs: spec.timeoutMs,
      memoryMb: spec.memoryMb,
      workingDirectory: spec.taskRoot,
      variables: (runtimeApi) => functionEnvironment(spec, options.endpoints, runtimeApi),
      onLog: (line) => options.onLog({ functionName: spec.name, line }),
      onEnd: () => {
        options.orphanGuard.forget(environment.pid);
        environments.delete(environment);
        take(environment);
      },
    });
    options.orphanGuard.watch(environment.pid);
    environments.add(environment);
    if (closing) void environment.shutdown();
    return environment;
  };
  const take = (environment: ExecutionEnvironment): void => {
    clearTimeout(idle.get(environment));
    idle.delete(environment);
  };
  const giveBack = (environment: ExecutionEnvironment): void => {
    if (!environments.has(environment)) return;
    const reap = () => {
      take(environment);
      void environment.shutdown();
    };
    idle.set(environment, setTimeout(reap, options.idleReapMs));
  };
  const run = async (event: unknown): Promise<InvocationResult> => {
    // The one used last: the others get the chance to be reaped.
    const environment = [...idle.keys()].at(-1) ?? (await start());
    take(environment);
    const result = await environment.invoke({
      requestId: randomUUID(),
      payload: JSON.stringify(event),
      functionArn: spec.arn,
      traceId: traceHeader(),
    });
    giveBack(environment);
    return result;
  };

  return {
    name: spec.name,
    arn: spec.arn,
    invoke: async (event) => {
      if (closing || running.size >= (spec.reservedConcurrency ?? Number.POSITIVE_INFINITY)) {
        return { ok: false, kind: 'throttled', message: 'Rate Exceeded.' };
      }
      const result = run(event).catch((error: unknown): InvocationResult => {
        return { ok: false, kind: 'init', message: String(error) };
      });
      running.add(result);
      void result.then(() => running.delete(result));
      return result;
    },
    pids: () => [...environments].map(({ pid }) => pid),
    close: async () => {
      closing = true;
      await Promise.all([...environments].map((environment) => environment.shutdown()));
      await Promise.all(running);
    },
  };
}

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader */
function traceHeader(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  const [root, parent] = [randomBytes(12), randomBytes(8)].map((bytes) => bytes.toString('hex'));
  return `Root=1-${seconds}-${root};Parent=${parent};Sampled=0`;
}
