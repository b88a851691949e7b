import type { Clock } from '../platform/clock.ts';
import { quit } from './farewell.ts';
import type { Link } from './link.ts';
import { type Place, WaitingLine, type Wish } from './waiting-line.ts';

export interface PoolOptions {
  readonly clock: Clock;
  /** Sessions idle for longer are not used again. */
  readonly idleMs: number;
  /** How long a farewell may take. */
  readonly quitMs: number;
  /** QUIT was answered with 221. */
  readonly onQuit: () => void;
  /** A session ended without a 221: in its transaction or idle, by the relay or because it could not be trusted any more. */
  readonly onLost: () => void;
}

interface Idle {
  readonly link: Link;
  readonly since: number;
}

/**
 * The sessions to one relay. A place is taken from the right to open until the socket is gone, so that the relay never
 * sees more than `maxSessions`; who finds none waits in line. The most recently used session goes first, so that spare
 * ones grow old and are ended.
 */
export class Pool {
  readonly #options: PoolOptions;
  /** Oldest first. */
  #idle: Idle[] = [];
  #taken = 0;
  #maxSessions = 0;
  #version: string | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #line = new WaitingLine();
  readonly #farewells = new Set<Promise<void>>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** A place for a session with these settings, which from now on are the current ones. */
  take(wish: Wish): Promise<Place> {
    this.#version = wish.settings.version;
    this.#maxSessions = wish.settings.maxSessions;
    this.#discardStale();
    const place = this.#line.join(wish);
    this.#serve();
    return place;
  }

  /** Takes back a session that is ready for the next mail. */
  giveBack(link: Link): void {
    if (link.channel.over) {
      this.#options.onLost();
      this.freePlace();
      return;
    }
    const idle: Idle = { link, since: this.#options.clock.now() };
    this.#idle.push(idle);
    // What the relay does to an idle session ends it: closing it, or talking out of turn.
    const drop = (): void => {
      link.channel.destroy();
      this.#options.onLost();
      this.#idle = this.#idle.filter((each) => each !== idle);
      this.freePlace();
    };
    link.channel.use({ reply: drop, lost: drop });
    this.#serve();
    if (this.#idle.length > 0) this.#sweep ??= setTimeout(() => this.#retireOld(), this.#options.idleMs).unref();
  }

  /**
   * The session that held a place is gone, or was never opened. The place is free in the next turn of the event loop: by
   * then its holder has noted what happened, so that who is served knows it, and is in line again if it needs a fresh one.
   */
  freePlace(): void {
    setImmediate(() => {
      this.#taken -= 1;
      this.#serve();
    });
  }

  /** Ends what is idle, and what is given back from now on. Resolves once the idle ones are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#sweep);
    this.#serve();
    await Promise.all(this.#farewells);
  }

  #serve(): void {
    this.#retire((link) => this.#closed || link.version !== this.#version);
    this.#retireSurplus();
    for (let next = this.#line.first; next !== undefined; next = this.#line.first) {
      const place = this.#placeFor(next);
      if (place === undefined) return;
      this.#line.serve(place);
    }
  }

  #placeFor({ settings, fresh }: Wish): Place | undefined {
    if (this.#closed) return { kind: 'none', why: 'closed' };
    const index = fresh ? -1 : this.#idle.findLastIndex(({ link }) => link.version === settings.version);
    const [idle] = index === -1 ? [] : this.#idle.splice(index, 1);
    if (idle !== undefined) return { kind: 'idle', link: idle.link };
    if (this.#taken > this.#maxSessions) return undefined;
    if (this.#taken === this.#maxSessions) {
      const oldest = this.#idle.shift();
      if (oldest === undefined) return undefined;
      // Not asked to QUIT: a fresh session is wanted because the kept ones are suspect.
      this.#discard(oldest);
    }
    this.#taken += 1;
    return { kind: 'open' };
  }

  /** After a freeze timers are late, and the relay has long closed what they were to end. */
  #discardStale(): void {
    const limit = this.#options.clock.now() - this.#options.idleMs;
    const stale = this.#idle.filter(({ since }) => since < limit);
    this.#idle = this.#idle.filter(({ since }) => since >= limit);
    for (const idle of stale) this.#discard(idle);
  }

  #discard({ link }: Idle): void {
    link.channel.destroy();
    this.#options.onLost();
    this.#taken -= 1;
  }

  #retireOld(): void {
    const { clock, idleMs } = this.#options;
    const limit = clock.now() - idleMs;
    this.#retire((_link, since) => since <= limit);
    const oldest = this.#idle[0];
    this.#sweep =
      oldest && setTimeout(() => this.#retireOld(), Math.max(1, oldest.since + idleMs - clock.now())).unref();
  }

  /** The limit may have fallen below what is open. Lent sessions count; only idle ones can leave. */
  #retireSurplus(): void {
    const surplus = this.#taken - this.#farewells.size - this.#maxSessions;
    if (surplus <= 0) return;
    for (const { link } of this.#idle.splice(0, surplus)) this.#bidFarewell(link);
  }

  #retire(wanted: (link: Link, since: number) => boolean): void {
    const leaving = this.#idle.filter(({ link, since }) => wanted(link, since));
    if (leaving.length === 0) return;
    this.#idle = this.#idle.filter(({ link, since }) => !wanted(link, since));
    for (const { link } of leaving) this.#bidFarewell(link);
  }

  #bidFarewell(link: Link): void {
    const farewell = quit(link.channel, this.#options.quitMs).then((answered) => {
      this.#farewells.delete(farewell);
      if (answered) this.#options.onQuit();
      else this.#options.onLost();
      this.freePlace();
    });
    this.#farewells.add(farewell);
  }
}
