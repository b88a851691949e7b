/** The effects of a delivery, in the words of its ports. */
export type Effect = 'build' | 'ledger.read' | 'ledger.write' | 'connect' | 'send' | 'dead-letter';

export type Incident =
  /** The process is gone: nothing that it started goes on. */
  | 'die'
  /** The service answers with an error. */
  | 'fail';

export interface CrashPoint {
  readonly effect: Effect;
  /** Which call of that effect, counted from now on; every call when absent. */
  readonly nth?: number;
  /** Only where it is about the mail with this key. */
  readonly key?: string;
  /** Before the effect, or after it: then it happened, and nobody heard of it. */
  readonly when: 'before' | 'after';
  readonly incident: Incident;
}

export class ServiceError extends Error {
  override readonly name = 'ProvisionedThroughputExceededException';
}

/** One execution environment, which meets its fate at marked points. */
export class Environment {
  readonly died: Promise<'died'>;
  private readonly die: () => void;
  private readonly points: readonly CrashPoint[];
  private readonly calls = new Map<Effect, number>();
  private dead = false;

  constructor(points: readonly CrashPoint[]) {
    const { promise, resolve } = Promise.withResolvers<'died'>();
    this.died = promise;
    this.die = () => resolve('died');
    this.points = points;
  }

  async perform<T>(effect: Effect, work: () => T | Promise<T>, key?: string): Promise<T> {
    const nth = (this.calls.get(effect) ?? 0) + 1;
    this.calls.set(effect, nth);
    await this.meet(effect, nth, 'before', key);
    const result = await work();
    await this.meet(effect, nth, 'after', key);
    return result;
  }

  private async meet(effect: Effect, nth: number, when: CrashPoint['when'], key?: string): Promise<void> {
    const point = this.points.find(
      (one) =>
        one.effect === effect &&
        one.when === when &&
        (one.nth === undefined || one.nth === nth) &&
        (one.key === undefined || one.key === key),
    );
    if (point?.incident === 'fail') throw new ServiceError(`${effect} is away`);
    if (point?.incident === 'die') {
      this.dead = true;
      this.die();
    }
    if (this.dead) await new Promise<never>(() => {});
  }
}
