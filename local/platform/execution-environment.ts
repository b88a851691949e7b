import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../lib/platform/clock.ts';
import { nodeBinary } from '../template/node-binary.ts';
import { EnvironmentState } from './environment-state.ts';
import type { Invocation, InvocationResult } from './invocation.ts';
import { type RuntimeApi, startRuntimeApi } from './runtime-api.ts';

export interface ExecutionEnvironmentOptions {
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly workingDirectory: string;
  /** The variables of the process, given the address of its Runtime API. */
  variables(runtimeApi: string): Readonly<Record<string, string>>;
  onLog(line: string): void;
  /** The process is gone. */
  onEnd(): void;
}

/**
 * One function process, which takes one invocation at a time. Between two invocations it is frozen (SIGSTOP), as Lambda
 * freezes an execution environment: no timer fires, no packet is read.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
export interface ExecutionEnvironment {
  readonly pid: number;
  /** Resolves when the process is ready for another one, or is gone. Never rejects. */
  invoke(invocation: Omit<Invocation, 'deadline'>): Promise<InvocationResult>;
  /** Kills the process; one with an extension is thawed and asked to end (SIGTERM) half a second before. */
  shutdown(): Promise<void>;
}

const bootstrap = fileURLToPath(new URL('bootstrap.ts', import.meta.url));
// What Lambda leaves to an environment with internal extensions. One without any ends without a word.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
const shutdownMs = 500;

/** @throws Error when no process can be started */
export async function startExecutionEnvironment(options: ExecutionEnvironmentOptions): Promise<ExecutionEnvironment> {
  let child: ChildProcess | undefined;
  let api: RuntimeApi | undefined;
  const control = {
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    kill: () => child?.kill('SIGKILL'),
    deliver: (invocation: Invocation) => api?.deliver(invocation),
  };
  const state = new EnvironmentState(options.timeoutMs, control, systemClock);
  api = await startRuntimeApi(state);
  child = spawnRuntime(options, api.address);
  const gone = whenGone(child, state, api, options);
  if (child.pid === undefined) {
    await gone;
    throw new Error('A function process could not be started');
  }
  return {
    pid: child.pid,
    invoke: (invocation) => state.invoke(invocation),
    shutdown: async () => {
      const timer = setTimeout(control.kill, state.wantsNotice ? shutdownMs : 0);
      if (state.wantsNotice) {
        child.kill('SIGTERM');
        child.kill('SIGCONT');
      }
      await gone;
      clearTimeout(timer);
    },
  };
}

function spawnRuntime(options: ExecutionEnvironmentOptions, runtimeApi: string): ChildProcess {
  // As much of the memory as Lambda gives to V8's old generation; the rest is for buffers and the runtime itself.
  const heap = `--max-old-space-size=${Math.floor(options.memoryMb * 0.9)}`;
  const child = spawn(nodeBinary(), [heap, bootstrap], {
    cwd: options.workingDirectory,
    env: options.variables(runtimeApi),
    // A session of its own: Ctrl-C at the terminal is for the platform, which lets invocations finish.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', options.onLog);
  return child;
}

function whenGone(
  child: ChildProcess,
  state: EnvironmentState,
  api: RuntimeApi,
  options: ExecutionEnvironmentOptions,
): Promise<void> {
  return new Promise((done) => {
    const end = (reason: string) => {
      if (child.pid !== undefined) options.onEnd();
      state.ended(reason);
      void api.close().then(done);
    };
    // Not `exit`, which comes before the last lines of output.
    child.once('close', (code, signal) => end(signal === null ? `exit status ${code}` : `signal: ${signal}`));
    child.once('error', (error) => child.pid === undefined && end(error.message));
  });
}
