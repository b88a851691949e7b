import type { LookupFunction } from 'node:net';
import type { NetworkError, Phase } from '../outcome/outcome.ts';
import type { Clock } from '../platform/clock.ts';
import { allowed, type Bounds, cutShort, fairMs, turnMs } from './bounds.ts';
import { failedBy, networkErrorOf } from './failure.ts';
import { FirstLogin } from './first-login.ts';
import { type Link, type Opened, openLink } from './link.ts';
import { Pool } from './pool.ts';
import { PooledSession } from './pooled-session.ts';
import { TlsContext } from './tls-context.ts';
import type {
  Acquired,
  AcquireOptions,
  RelayConnectionSettings,
  SetUpTimings,
  SmtpObserver,
  SmtpTimeouts,
} from './transport.ts';

export interface TransportOptions {
  readonly timeouts: SmtpTimeouts;
  readonly observer: SmtpObserver;
  readonly clock: Clock;
  /** Milliseconds after which an idle session is not used again. Less than what relays allow, often a minute or more. */
  readonly idleMs: number;
  /** Resolves the relays' names; Node's own (getaddrinfo) when absent. */
  readonly lookup?: LookupFunction;
}

/** No answer to QUIT is worth more than this. */
const maxQuitMs = 5000;
/** Timers cannot hold more than 24.8 days; nobody waits for a place as long as a day. */
const maxPatienceMs = 24 * 60 * 60 * 1000;

const outOfTime: NetworkError = { kind: 'deadline', message: 'the deadline has passed' };
const noPlace: NetworkError = { kind: 'deadline', message: 'no session became free in time' };
const closed: NetworkError = { kind: 'refused', message: 'the transport is closed' };

const always = async (): Promise<boolean> => true;

/** Acquires sessions to one relay: kept ones, or new ones opened with the caller's settings. */
export class RelaySessions {
  readonly #relay: string;
  readonly #options: TransportOptions;
  readonly #pool: Pool;
  readonly #logins: FirstLogin;
  /** Have carried a transaction. */
  readonly #seasoned = new WeakSet<Link>();
  #tls: { readonly version: string; readonly context: TlsContext } | undefined;

  constructor(relay: string, options: TransportOptions) {
    this.#relay = relay;
    this.#options = options;
    const verdictMs = fairMs(options.timeouts);
    this.#logins = new FirstLogin({ openMs: verdictMs / 5, verdictMs });
    this.#pool = new Pool({
      clock: options.clock,
      idleMs: options.idleMs,
      quitMs: Math.min(options.timeouts.commandMs, maxQuitMs),
      onQuit: () => options.observer.connectionClosed(relay),
      onLost: () => options.observer.connectionLost(relay),
    });
  }

  async acquire(settings: RelayConnectionSettings, options: AcquireOptions): Promise<Acquired> {
    const { timeouts, clock } = this.#options;
    const { deadline, fresh = false, relays = 1, wanted = always } = options;
    const bounds: Bounds = { timeouts, clock, deadline, relays };
    if (clock.now() >= deadline) return refused('connect', outOfTime);
    const openInTurn = settings.auth === undefined ? undefined : this.#logins.ask(settings.version);
    const patienceMs = allowed(Math.min(maxPatienceMs, turnMs(bounds)), bounds);
    const place = await this.#pool.take({ settings, fresh, patienceMs });
    if (place.kind === 'none') return refused('connect', place.why === 'closed' ? closed : noPlace);
    // From here on the kept session has an owner, who notices its end.
    const kept = place.kind === 'idle' ? this.#session(place.link) : undefined;
    // Whatever goes wrong there must not keep the place.
    if (!(await wanted().catch(always))) {
      if (kept === undefined) this.#pool.freePlace();
      else kept.release();
      return { ok: false, withdrawn: true };
    }
    if (kept !== undefined) return { ok: true, session: kept };
    const open = (onLogin?: () => void): Promise<Acquired> => this.#openIn(settings, bounds, onLogin);
    return openInTurn === undefined ? open() : openInTurn(open, () => this.#pool.freePlace());
  }

  /** A new session in the place that was granted. */
  async #openIn(settings: RelayConnectionSettings, bounds: Bounds, onLogin?: () => void): Promise<Acquired> {
    const { clock, observer } = this.#options;
    observer.connectionOpened(this.#relay);
    const startedAt = clock.now();
    const turn = { ...bounds, deadline: Math.min(bounds.deadline, startedAt + turnMs(bounds)) };
    const opened = await this.#open(settings, turn, onLogin);
    if (opened.ok) {
      observer.connectionReady(this.#relay, opened.timings);
      return { ok: true, session: this.#session(opened.link, opened.timings) };
    }
    this.#pool.freePlace();
    observer.connectionFailed(this.#relay, opened.failure);
    const { phase, error } = opened.failure;
    return error !== undefined && cutShort(startedAt, turn) ? refused(phase, { ...error, kind: 'deadline' }) : opened;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #session(link: Link, setUp?: SetUpTimings): PooledSession {
    const onSend = (): void => {
      if (this.#seasoned.has(link)) this.#options.observer.connectionReused(this.#relay);
      this.#seasoned.add(link);
    };
    const made = setUp === undefined ? {} : { setUp };
    return new PooledSession({ relay: this.#relay, ...made, link, pool: this.#pool, onSend, ...this.#options });
  }

  async #open(settings: RelayConnectionSettings, bounds: Bounds, onLogin?: () => void): Promise<Opened> {
    // Both can throw: the certificates of the secret may be no certificates, its port no port.
    let phase: Phase = 'tls';
    try {
      const tls = this.#tlsContext(settings);
      phase = 'connect';
      return await openLink({ settings, tls, bounds, lookup: this.#options.lookup, onLogin });
    } catch (error) {
      const thrown = networkErrorOf(error instanceof Error ? error : new Error(String(error)));
      return { ok: false, failure: failedBy(phase, { ...thrown, kind: phase === 'tls' ? 'tls' : 'refused' }) };
    }
  }

  #tlsContext(settings: RelayConnectionSettings): TlsContext | undefined {
    if (settings.tls === 'none') return undefined;
    if (this.#tls?.version !== settings.version) {
      this.#tls = { version: settings.version, context: new TlsContext(settings) };
    }
    return this.#tls.context;
  }
}

function refused(phase: Phase, error: NetworkError): Acquired {
  return { ok: false, failure: failedBy(phase, error) };
}
