import { type AlarmBoard, createAlarmBoard, type Transition } from '../../../local/metrics/alarm-board.ts';
import { alarmsOf } from '../../../local/metrics/alarm-definition.ts';
import type { AlarmState } from '../../../local/metrics/alarm-state.ts';
import { ingestEmf } from '../../../local/metrics/emf.ts';
import { createMetricStore } from '../../../local/metrics/store.ts';
import type { ResolvedStack } from '../../../local/template/resolve.ts';

const keptMs = 6 * 3_600_000;

/** The template's alarms, over metrics that arrive in lines of a log. */
export class RehearsalCloudWatch {
  /** So long after it was written, a line's metrics can be seen. */
  delayMs = 0;
  /** Lines of the functions reach CloudWatch. */
  pipeline = true;
  readonly store = createMetricStore(keptMs);
  private readonly board: AlarmBoard;
  private onTheWay: { readonly line: string; readonly visibleAt: number }[] = [];

  constructor(stack: ResolvedStack, origin: number) {
    this.board = createAlarmBoard(alarmsOf(stack.resources), this.store, { scale: 1, origin });
  }

  /** A function writes a line at that time, ms since the epoch. */
  take(line: string, at: number): void {
    if (this.pipeline) this.onTheWay.push({ line, visibleAt: at + this.delayMs });
  }

  evaluate(now: number): void {
    const { arrived = [], late = [] } = Object.groupBy(this.onTheWay, ({ visibleAt }) =>
      visibleAt <= now ? 'arrived' : 'late',
    );
    for (const { line } of arrived) ingestEmf(line, this.store);
    this.onTheWay = late;
    this.board.evaluate(now);
  }

  state(id: string): AlarmState {
    const standing = this.board.standings().find(({ alarm }) => alarm.name === `postroom-test-${id}`);
    if (standing === undefined) throw new Error(`The template has no alarm ${id}`);
    return standing.state;
  }

  /** The changes of its state, the oldest first. */
  changes(id: string): readonly Transition[] {
    return this.board
      .transitions()
      .filter(({ name }) => name === `postroom-test-${id}`)
      .toReversed();
  }
}
