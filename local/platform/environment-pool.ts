import type { ExecutionEnvironment } from './execution-environment.ts';

/** Starts a process; `onEnd` is called when it is gone. */
type Start = (onEnd: () => void) => Promise<ExecutionEnvironment>;

/** The living execution environments of one function, and which of them are idle. */
export class EnvironmentPool {
  readonly #start: Start;
  readonly #idleReapMs: number;
  readonly #living = new Set<ExecutionEnvironment>();
  /** By the timer that ends them, the one used last at the end. */
  readonly #idle = new Map<ExecutionEnvironment, NodeJS.Timeout>();
  #closing = false;

  /** @param idleReapMs how long an unused environment is kept */
  constructor(start: Start, idleReapMs: number) {
    this.#start = start;
    this.#idleReapMs = idleReapMs;
  }

  /** An idle environment, or a new one. @throws Error when no process can be started */
  async acquire(): Promise<ExecutionEnvironment> {
    // The one used last: the others get the chance to be reaped.
    const environment = [...this.#idle.keys()].at(-1) ?? (await this.#open());
    this.#take(environment);
    return environment;
  }

  giveBack(environment: ExecutionEnvironment): void {
    if (!this.#living.has(environment)) return;
    const reap = () => {
      this.#take(environment);
      void environment.shutdown();
    };
    this.#idle.set(environment, setTimeout(reap, this.#idleReapMs));
  }

  pids(): readonly number[] {
    return [...this.#living].map(({ pid }) => pid);
  }

  /** Ends all, busy ones too. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#living].map((environment) => environment.shutdown()));
  }

  async #open(): Promise<ExecutionEnvironment> {
    const environment: ExecutionEnvironment = await this.#start(() => {
      this.#living.delete(environment);
      this.#take(environment);
    });
    this.#living.add(environment);
    if (this.#closing) void environment.shutdown();
    return environment;
  }

  #take(environment: ExecutionEnvironment): void {
    clearTimeout(this.#idle.get(environment));
    this.#idle.delete(environment);
  }
}
