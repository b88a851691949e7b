/**
 * What the whole fleet knows about one relay: one DynamoDB item, partition key `relay`. Senders write `breaker`, the probe
 * function `probe`, people `override`; each writes the item whole, only if nobody else wrote in between (`revision`), and
 * keeps what it does not know.
 *
 * Times are milliseconds since the epoch on the writer's clock; 0 stands for never.
 */
export interface RelayHealthItem {
  readonly relay: string;
  /** Random, new with each write: the token of optimistic locking. */
  readonly revision: string;
  readonly changedAt: number;
  readonly breaker: Breaker;
  readonly probe?: ProbeReport;
  readonly override?: Override;
}

/**
 *              threshold reached, login refused                cool-down over: one environment leases the trial
 *   closed ─────────────────────────────────────▶ open ──────────────────────────────────────────▶ half-open
 *     ▲                                            ▲  ▲                                              │ │ │
 *     │                                            │  └── relay fault: doubled cool-down ────────────┘ │ │
 *     │                                            └───── the mail was not sent: the lease goes back ───┘ │
 *     └────────────────────────────── any well-formed answer about the mail ──────────────────────────────┘
 */
export type Breaker = ClosedBreaker | OpenBreaker | HalfOpenBreaker;

export interface ClosedBreaker {
  readonly state: 'closed';
  readonly closedAt: number;
  /** Consecutive relay faults, as far as environments have reported them. */
  readonly faults: number;
  readonly faultAt: number;
  /** Mails (hashed) whose content the relay refused for good, one after the other with no acceptance between. */
  readonly rejections: readonly string[];
  readonly rejectedAt: number;
}

/** `credentials`: the relay refused the login; repeated wrong passwords lock accounts. */
export type OpenReason = 'relay-faults' | 'message-rejections' | 'credentials';

interface Opened {
  readonly reason: OpenReason;
  /** The classification rule of the observation that opened it. */
  readonly rule: string;
  readonly openedAt: number;
  /** From then on one mail may try. */
  readonly reopensAt: number;
  /** The cool-down without its jitter, in milliseconds; the next one is twice as long. */
  readonly coolDownMs: number;
  /** The mails that opened it, for `message-rejections`. */
  readonly rejections: readonly string[];
  /** Secret versions whose login was refused, for `credentials`: any other one may be tried before `reopensAt`. */
  readonly refusedVersions: readonly string[];
  /** Trials in a row that told nothing; absent: the last one did. */
  readonly unspentTrials?: number;
  /** After those no trial begins before this, not even one with a new secret. */
  readonly notBefore?: number;
}

export interface OpenBreaker extends Opened {
  readonly state: 'open';
}

export interface HalfOpenBreaker extends Opened {
  readonly state: 'half-open';
  readonly trial: TrialLease;
}

/** One environment may send one mail. When it dies, the lease ends and another one may. */
export interface TrialLease {
  /** Random, one per trial. */
  readonly owner: string;
  readonly startedAt: number;
  readonly endsAt: number;
}

/** What the probe function measured last. */
export interface ProbeReport {
  readonly status: 'healthy' | 'degraded' | 'offline';
  /** The relay's share of mail is multiplied by this: 1, less when degraded, 0 when offline. */
  readonly factor: number;
  readonly at: number;
  /** After this the report says nothing any more: the probe function may be dead. */
  readonly validUntil: number;
  /** Connect to greeting, TLS included. */
  readonly latencyMs?: number;
  readonly phasesMs?: Readonly<Record<string, number>>;
  readonly lastError?: string;
  /** What the last probes showed, at most three, the newest last. */
  readonly recent?: readonly ProbeMark[];
  /** When a probe failed last. */
  readonly failedAt?: number;
  /** Why it is offline. */
  readonly cause?: 'unreachable' | 'login-refused' | 'unconfigured';
  /** The last login that the relay answered, and with which secret version. */
  readonly login?: { readonly version: string; readonly at: number; readonly accepted: boolean };
  /** The last login, if the relay neither accepted nor refused it. */
  readonly unclearLogin?: UnclearLogin;
  /** Secret version of the credentials in use. */
  readonly version?: string;
}

export interface UnclearLogin {
  readonly version: string;
  readonly at: number;
  /** How many there were in a row, this one included. */
  readonly inRow: number;
  /** The relay asked for patience. */
  readonly throttled: boolean;
}

/** `middling` lies between what makes a relay degraded and what makes it healthy again. */
export type ProbeMark = 'fast' | 'middling' | 'slow' | 'failed';

/**
 * What an operator decided. `draining` and `disabled` relays get no mail, and are still probed; the two differ only in what
 * they tell people: planned work, or something wrong that a reason must name.
 */
export interface Override {
  readonly mode: 'enabled' | 'draining' | 'disabled';
  readonly setAt: number;
  readonly reason?: string;
  /** The override ends by itself then. Absent in those that earlier versions wrote: when somebody ends it. */
  readonly expiresAt?: number;
}

/** What is presumed of a relay that nobody wrote about, and of one whose item cannot be had. */
export const freshBreaker: ClosedBreaker = {
  state: 'closed',
  closedAt: 0,
  faults: 0,
  faultAt: 0,
  rejections: [],
  rejectedAt: 0,
};

/** DynamoDB, or anything that offers the same conditional write. Errors of the service are thrown. */
export interface RelayHealthStore {
  /** All of them in one request. A relay that is missing from the answer could not be read this time. */
  readAll(relays: readonly string[]): Promise<ReadonlyMap<string, RelayHealthItem | undefined>>;
  /** Strongly consistent. Throws when the item is not what it should be. */
  read(relay: string): Promise<RelayHealthItem | undefined>;
  /**
   * Writes `next` if the stored item still is `expected` (compared by `revision`; undefined: no item). A retried request
   * whose first try had succeeded counts as written.
   */
  write(next: RelayHealthItem, expected: RelayHealthItem | undefined): Promise<RelayHealthWrite>;
}

export type RelayHealthWrite =
  | { readonly written: true }
  | { readonly written: false; readonly current: RelayHealthItem | undefined };
