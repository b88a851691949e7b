import type { RelayObservation, TrialCarrier } from '../delivery/ports.ts';
import { absorb, type BreakerSettings, conclude, isRelief, lease } from './breaker.ts';
import { changeBreaker, type RecordOptions } from './breaker-record.ts';
import { type Breaker, freshBreaker, type RelayHealthItem } from './item.ts';
import { followedBy, nothingSeen, reported, type Seen, type SeenContext, seenOnce } from './seen.ts';
import { type Standing, soonMs, standingOf } from './standing.ts';
import { endedTrial, type Trial, trialResult } from './trial.ts';

export interface TrackerOptions extends RecordOptions {
  readonly settings: BreakerSettings;
  /** Environments that fail together report within this time of each other, in milliseconds. */
  readonly spreadMs: number;
  /** Environments ask for the lease of a trial within this time of each other, in milliseconds. */
  readonly trialSpreadMs: number;
}

/**
 * Whoever dies with a trial keeps a relay out for no longer. Most trials take a second; one that takes more than this may
 * be overtaken by another, and counts all the same.
 */
const longestLeaseMs = 60_000;

/**
 * One relay as one environment sees it: the stored item, and on top of it what was seen since and is not stored yet. So
 * three faults in a row keep this environment away from a relay at once, and also while the store is out of reach.
 */
export class RelayTracker {
  readonly #options: TrackerOptions;
  /** What can wait, waits this long here: so not every environment does it at the same moment. */
  readonly #lagMs: number;
  #known: RelayHealthItem | undefined;
  /** When this environment itself last read or wrote the item. */
  #heldSince = Number.NEGATIVE_INFINITY;
  #reporting = nothingSeen;
  #seen = nothingSeen;
  #trial: Trial | undefined;
  #leasing = false;
  #running: Promise<void> = Promise.resolve();
  #chance: number;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#lagMs = options.random() * options.trialSpreadMs;
    this.#chance = options.random();
  }

  /** The breaker as it stands for this environment. */
  get breaker(): Breaker {
    return this.#changed(this.#stored, followedBy(this.#reporting, this.#seen));
  }

  /** The stored item, as a read that began at `since` found it. What this environment wrote after that stays in force. */
  learn(item: RelayHealthItem | undefined, since: number): void {
    if (since > this.#heldSince) this.#known = item;
  }

  standing(now: number): Standing {
    if (this.#onTrial) return { kind: 'out', why: 'on-trial', reopensAt: now + soonMs };
    return standingOf(this.#known ?? {}, this.breaker, now, this.#lagMs);
  }

  observe(observation: RelayObservation, about: SeenContext): void {
    const before = this.breaker;
    this.#seen = followedBy(this.#seen, seenOnce(observation, about));
    const trial = this.#trial;
    const result =
      trial === undefined || trial.end !== undefined ? undefined : trialResult(trial, observation, about.mail);
    if (trial !== undefined && result !== undefined) {
      const rule = observation === 'accepted' ? '' : observation.rule;
      this.#trial = { ...trial, end: { endedAt: about.at, result, rule } };
      void this.#report(0);
    } else if (before.state === 'closed' && this.breaker.state === 'open') {
      // Told now and not at the end of the invocation, which may hang on the same relay for minutes.
      void this.#report(this.#options.spreadMs);
    }
  }

  /** True: this mail, and no other in the fleet, may try the relay. `early`: because its secret has changed. */
  async takeTrial({ mail, leaseEndsAt }: TrialCarrier, early: boolean): Promise<boolean> {
    if (this.#onTrial || leaseEndsAt <= this.#options.clock.now()) return false;
    this.#leasing = true;
    try {
      if (this.#isChanged) await this.#report(0);
      const startedAt = this.#options.clock.now();
      const endsAt = Math.min(leaseEndsAt, startedAt + longestLeaseMs);
      const wish = { owner: this.#options.newId(), startedAt, endsAt };
      const apply = (breaker: Breaker): Breaker => lease(breaker, wish, early) ?? breaker;
      const changed = await changeBreaker({ spreadMs: 0, apply }, this.#options);
      if (changed.kind === 'stands') this.#hold(changed.item);
      const stored = this.#stored;
      const leased = stored.state === 'half-open' && stored.trial.owner === wish.owner;
      // Nobody could be asked. A relay that nobody tries again would stay out for as long as the store does.
      const alone = changed.kind === 'away' && apply(this.breaker) !== this.breaker;
      if (leased || alone) this.#trial = { owner: wish.owner, mail, startedAt: wish.startedAt, leased };
      return leased || alone;
    } finally {
      this.#leasing = false;
    }
  }

  /** A trial that this mail holds still was not spent: it goes back. */
  attemptEnded(mail: string): void {
    const trial = this.#trial;
    if (trial?.mail !== mail || trial.end !== undefined) return;
    this.#trial = { ...trial, end: { endedAt: this.#options.clock.now(), result: 'unspent', rule: '' } };
    void this.#report(0);
  }

  /** Reports what is new, within about `spreadMs`. For the end of an invocation; never rejects. */
  async flush(spreadMs: number): Promise<void> {
    await this.#running;
    const { clock } = this.#options;
    if (!this.#isChanged) {
      this.#trial = undefined;
      this.#seen = reported(this.#seen);
      return;
    }
    const stored = this.#stored;
    if (stored.state === 'closed' && isRelief(stored, this.breaker)) {
      if (clock.now() < Math.max(stored.faultAt, stored.rejectedAt) + this.#lagMs) return;
      return this.#report(0);
    }
    return this.#report(this.#trial === undefined ? spreadMs : 0);
  }

  get #stored(): Breaker {
    return this.#known?.breaker ?? freshBreaker;
  }

  get #isChanged(): boolean {
    return this.breaker !== this.#stored;
  }

  /** Somebody here asks for the lease, or a mail is on its way with it. */
  get #onTrial(): boolean {
    return this.#leasing || (this.#trial !== undefined && this.#trial.end === undefined);
  }

  #changed(breaker: Breaker, seen: Seen): Breaker {
    const rules = { settings: this.#options.settings, chance: this.#chance };
    const ended = endedTrial(this.#trial);
    return absorb(ended === undefined ? breaker : conclude(breaker, ended, rules), seen, rules);
  }

  #hold(item: RelayHealthItem | undefined): void {
    this.#known = item;
    this.#heldSince = this.#options.clock.now();
  }

  #report(spreadMs: number): Promise<void> {
    this.#running = this.#running.then(() => this.#reportNow(spreadMs));
    return this.#running;
  }

  async #reportNow(spreadMs: number): Promise<void> {
    const { random, pause } = this.#options;
    if (spreadMs > 0) await pause(random() * spreadMs);
    const trial = this.#trial;
    const held = trial?.leased ? this.#known : undefined;
    this.#reporting = this.#seen;
    this.#seen = nothingSeen;
    const apply = (breaker: Breaker): Breaker => this.#changed(breaker, this.#reporting);
    const changed = await changeBreaker({ held, spreadMs, apply }, this.#options);
    if (changed.kind !== 'stands') {
      this.#seen = followedBy(this.#reporting, this.#seen);
    } else {
      this.#hold(changed.item);
      this.#seen = followedBy(reported(this.#reporting), this.#seen);
      if (trial?.end !== undefined && this.#trial === trial) this.#trial = undefined;
      this.#chance = random();
    }
    this.#reporting = nothingSeen;
  }
}
