import type { World } from './world.ts';

/** One execution environment. After it died, nothing it started goes on: calls in progress never answer. */
export class Process {
  readonly died: Promise<'died'>;
  private dead = false;
  private readonly die: () => void;
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
    const { promise, resolve } = Promise.withResolvers<'died'>();
    this.died = promise;
    this.die = () => {
      this.dead = true;
      resolve('died');
    };
  }

  get alive(): boolean {
    return !this.dead;
  }

  /** A call to a service: may fail, or take the process with it, before or after it had its effect. */
  async call<T>(effect: () => T): Promise<T> {
    return this.guarded(effect, this.world.faults.service);
  }

  /** An SMTP conversation: reports its own failures, but the process can die in it. */
  async converse<T>(effect: () => T): Promise<T> {
    return this.guarded(effect, 0);
  }

  private async guarded<T>(effect: () => T, serviceFault: number): Promise<T> {
    const { world } = this;
    await this.survive();
    if (world.chance(serviceFault)) throw new Error('service unavailable, nothing done');
    const result = effect();
    await this.survive();
    if (world.chance(serviceFault)) throw new Error('service unavailable, but done');
    return result;
  }

  private async survive(): Promise<void> {
    // Lets other work of the same process, and other processes, run in between.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!this.dead && this.world.chance(this.world.faults.crash)) this.die();
    if (this.dead) await new Promise<never>(() => {});
  }
}
