/** One event on its way to a function, as the Runtime API hands it over. */
export interface Invocation {
  readonly requestId: string;
  /** JSON. */
  readonly payload: string;
  /** Milliseconds since the epoch when the function's time is up. */
  readonly deadline: number;
  readonly functionArn: string;
  /** X-Ray's trace header. */
  readonly traceId: string;
}

/**
 * How an invocation ended. `error`: the handler threw. `timeout`: its time was up and the process was killed. `crash`:
 * the process ended. `init`: the process never became ready. `throttled`: the function's reserved concurrency was used up.
 */
export type InvocationResult =
  | { readonly ok: true; readonly payload: string }
  | {
      readonly ok: false;
      readonly kind: 'error' | 'timeout' | 'crash' | 'init' | 'throttled';
      readonly message: string;
    };

/** An invocation that is over. */
export interface FinishedInvocation {
  readonly functionName: string;
  /** As the function was given it; absent where an invocation is made up. */
  readonly event?: unknown;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly result: InvocationResult;
  /** Invocations of the function at the same time when this one began, itself included. */
  readonly concurrent: number;
}
