import { randomBytes, randomUUID } from 'node:crypto';
import type { Endpoints } from './emulators.ts';
import { EnvironmentPool } from './environment-pool.ts';
import { type ExecutionEnvironment, startExecutionEnvironment } from './execution-environment.ts';
import { functionEnvironment } from './function-environment.ts';
import type { FunctionLogLine, FunctionSpec } from './function-spec.ts';
import type { FinishedInvocation, InvocationResult } from './invocation.ts';
import type { OrphanGuard } from './orphan-guard.ts';

export interface FunctionHostOptions {
  readonly endpoints: Endpoints;
  readonly orphanGuard: OrphanGuard;
  /** How long an unused process is kept, in milliseconds. */
  readonly idleReapMs: number;
  onLog(line: FunctionLogLine): void;
  onInvocation?(invocation: FinishedInvocation): void;
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
  const pool = new EnvironmentPool((onEnd) => startProcess(spec, options, onEnd), options.idleReapMs);
  const running = new Set<Promise<InvocationResult>>();
  const limit = spec.reservedConcurrency ?? Number.POSITIVE_INFINITY;
  let closing = false;
  return {
    name: spec.name,
    arn: spec.arn,
    invoke: (event) => {
      const startedAt = Date.now();
      const concurrent = running.size + 1;
      const tell = (result: InvocationResult) => {
        const durationMs = Date.now() - startedAt;
        options.onInvocation?.({ functionName: spec.name, event, startedAt, durationMs, result, concurrent });
        return result;
      };
      if (closing || running.size >= limit) return Promise.resolve(tell(throttled));
      const result = run(pool, spec, event)
        .then(tell)
        .finally(() => running.delete(result));
      running.add(result);
      return result;
    },
    pids: () => pool.pids(),
    close: async () => {
      closing = true;
      await pool.close();
      await Promise.all(running);
    },
  };
}

const throttled: InvocationResult = { ok: false, kind: 'throttled', message: 'Rate Exceeded.' };

async function run(pool: EnvironmentPool, spec: FunctionSpec, event: unknown): Promise<InvocationResult> {
  try {
    const environment = await pool.acquire();
    const result = await environment.invoke({
      requestId: randomUUID(),
      payload: JSON.stringify(event),
      functionArn: spec.arn,
      traceId: traceHeader(),
    });
    pool.giveBack(environment);
    return result;
  } catch (error) {
    return { ok: false, kind: 'init', message: String(error) };
  }
}

async function startProcess(
  spec: FunctionSpec,
  { endpoints, orphanGuard, onLog }: FunctionHostOptions,
  onEnd: () => void,
): Promise<ExecutionEnvironment> {
  const environment: ExecutionEnvironment = await startExecutionEnvironment({
    timeoutMs: spec.timeoutMs,
    memoryMb: spec.memoryMb,
    workingDirectory: spec.taskRoot,
    variables: (runtimeApi) => functionEnvironment(spec, endpoints, runtimeApi),
    onLog: (line) => onLog({ functionName: spec.name, line }),
    onEnd: () => {
      orphanGuard.forget(environment.pid);
      onEnd();
    },
  });
  orphanGuard.watch(environment.pid);
  return environment;
}

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader */
function traceHeader(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  const [root, parent] = [randomBytes(12), randomBytes(8)].map((bytes) => bytes.toString('hex'));
  return `Root=1-${seconds}-${root};Parent=${parent};Sampled=0`;
}
