import type { Clock } from '../../lib/platform/clock.ts';
import type { Invocation, InvocationResult } from './invocation.ts';
import type { RuntimeEvents } from './runtime-api.ts';

/** What the state does to the process it stands for. */
export interface ProcessControl {
  freeze(): void;
  thaw(): void;
  kill(): void;
  /** Answers the process's request for the next invocation. */
  deliver(invocation: Invocation): void;
}

interface Current {
  readonly invocation: Omit<Invocation, 'deadline'>;
  readonly finish: (result: InvocationResult) => void;
  result?: InvocationResult;
  timer?: NodeJS.Timeout;
}

// Lambda allows ten seconds before it starts over with the function's own time-out.
const initMs = 10_000;

/**
 * The life of one execution environment:
 *
 *   starting ──next──▶ idle (frozen) ──invoke──▶ busy ──response or error, then next──▶ idle …
 *                        any state ──process ends──▶ ended
 *
 * An invocation is over when the process asks for the next one, or ends: what it does after its response still belongs
 * to it, as on Lambda.
 */
export class EnvironmentState implements RuntimeEvents {
  readonly #timeoutMs: number;
  readonly #control: ProcessControl;
  readonly #clock: Clock;
  #phase: 'starting' | 'idle' | 'busy' | 'ended' = 'starting';
  #current: Current | undefined;
  #initError: string | undefined;
  #extended = false;

  constructor(timeoutMs: number, control: ProcessControl, clock: Clock) {
    this.#timeoutMs = timeoutMs;
    this.#control = control;
    this.#clock = clock;
  }

  /** One at a time. Never rejects. */
  invoke(invocation: Omit<Invocation, 'deadline'>): Promise<InvocationResult> {
    return new Promise((finish) => {
      const current: Current = { invocation, finish };
      if (this.#phase === 'ended') {
        finish({ ok: false, kind: 'crash', message: `RequestId: ${invocation.requestId} The process is gone` });
        return;
      }
      this.#current = current;
      if (this.#phase === 'idle') {
        this.#control.thaw();
        this.#deliver(current);
      } else {
        const bound = Math.max(initMs, this.#timeoutMs);
        current.timer = setTimeout(() => this.#expire('init', bound), bound);
      }
    });
  }

  next(): void {
    const current = this.#current;
    if (current && this.#phase === 'starting') {
      clearTimeout(current.timer);
      this.#deliver(current);
      return;
    }
    this.#phase = 'idle';
    this.#control.freeze();
    if (current) this.#finish(current, { ok: false, kind: 'error', message: 'Runtime gave no response' });
  }

  response(requestId: string, payload: string): void {
    this.#settle(requestId, { ok: true, payload });
  }

  error(requestId: string, error: string): void {
    this.#settle(requestId, { ok: false, kind: 'error', message: error });
  }

  register(): boolean {
    this.#extended ||= this.#phase === 'starting';
    return this.#phase === 'starting';
  }

  /** Lambda gives notice before it ends the process: an extension is registered. */
  get wantsNotice(): boolean {
    return this.#extended;
  }

  initError(error: string): void {
    this.#initError = error;
  }

  /** @param reason such as `exit status 1` */
  ended(reason: string): void {
    const kind = this.#phase === 'starting' ? 'init' : 'crash';
    this.#phase = 'ended';
    const message = this.#initError ?? `Runtime exited with error: ${reason}`;
    if (this.#current) this.#finish(this.#current, { ok: false, kind, message });
  }

  #deliver(current: Current): void {
    this.#phase = 'busy';
    current.timer = setTimeout(() => this.#expire('timeout', this.#timeoutMs), this.#timeoutMs);
    this.#control.deliver({ ...current.invocation, deadline: this.#clock.now() + this.#timeoutMs });
  }

  #settle(requestId: string, result: InvocationResult): void {
    if (this.#current?.invocation.requestId === requestId) this.#current.result ??= result;
  }

  #expire(kind: 'timeout' | 'init', afterMs: number): void {
    if (!this.#current) return;
    const message = `Task timed out after ${(afterMs / 1000).toFixed(2)} seconds`;
    this.#settle(this.#current.invocation.requestId, { ok: false, kind, message });
    this.#control.kill();
  }

  #finish(current: Current, otherwise: InvocationResult): void {
    clearTimeout(current.timer);
    this.#current = undefined;
    current.finish(current.result ?? otherwise);
  }
}
